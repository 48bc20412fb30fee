internal import Wire

/// The keys that follow from the gossip's secrets, and which of them is used for sending.
///
/// MetalLB's speakers take a key of 32 bytes from the secret since 0.14, and took one of 16 before. Both are accepted. What is
/// sent is encrypted with the long key, unless a member that is not ours has used the short one within `shortKeyTime`: it knows
/// no other. Members of ours, which their metadata tell, use the short key only for as long as they hear such a member too.
struct Keys {
    /// For so long after a packet of a member that knows the short key alone is that key used for sending. Each member probes
    /// another every second.
    static let shortKeyTime = Duration.seconds(60)

    /// With the long keys.
    private(set) var long: Codec
    /// With the short keys.
    private(set) var short: Codec
    private var shortUntil = Instant.zero
    /// Where members of ours are.
    private var hostsOfOurs: Set<IPAddress> = []

    /// The keys that follow from `secret`, which is used for sending, and from others that are accepted. nil: nothing is
    /// encrypted.
    init(_ secret: [UInt8]?, accepting others: [[UInt8]]) {
        long = Self.codec(secret, others, .aes256)
        short = Self.codec(secret, others, .aes128)
    }

    /// Puts the keys that follow from these secrets in the place of those before.
    mutating func replace(_ secret: [UInt8]?, accepting others: [[UInt8]]) {
        long = Self.codec(secret, others, .aes256)
        short = Self.codec(secret, others, .aes128)
    }

    private static func codec(_ secret: [UInt8]?, _ others: [[UInt8]], _ strength: Key.Strength) -> Codec {
        let keyring = secret.map { secret in
            Keyring(Key(secret: secret, strength), others: others.map { Key(secret: $0, strength) })
        }
        // Compression would cost a board more than the bytes that it saves.
        return Codec(keyring: keyring, compresses: false)
    }

    /// What to send with.
    func sending(at now: Instant) -> Codec {
        now < shortUntil ? short : long
    }

    /// Notes which members are ours.
    mutating func learn(_ members: [Member]) {
        hostsOfOurs = Set(members.filter { $0.metadata.starts(with: Member.mark) }.map(\.address.address))
    }

    /// Reads a datagram that came from `source`, with the long keys or the short ones.
    mutating func read(
        _ bytes: ArraySlice<UInt8>, from source: SocketAddress, at now: Instant
    ) throws(SWIMError) -> Datagram {
        do throws(SWIMError) {
            return try long.decode(bytes)
        } catch .notDecryptable {
            let datagram = try short.decode(bytes)
            shortKeyUsed(by: source, at: now)
            return datagram
        }
    }

    /// Notes that the member at `source` has used a short key.
    mutating func shortKeyUsed(by source: SocketAddress, at now: Instant) {
        if !hostsOfOurs.contains(source.address) { shortUntil = now.advanced(by: Self.shortKeyTime) }
    }
}
