import SWIM
import Wire

/// What a daemon says about itself in the gossip: memberlist's metadata of a member, at most 512 bytes.
///
/// ```
/// "lbd" 3 | version 1 | flags 1 | instance 8 | sequence 4 | text of its Presence
/// ```
///
/// MetalLB's speakers say nothing, other programs something else: neither can be read.
struct Metadata: Hashable {
    private static let version: UInt8 = 1
    private static let takesPartFlag: UInt8 = 1
    private static let headerLength = SWIM.Member.mark.count + 14
    private static let maximumLength = 512

    /// This daemon, told apart from those before and after it on its node: it beats under this number.
    var instance: UInt64
    /// Counts what this daemon has said about itself: the latest holds, by whatever way it comes.
    var sequence: UInt32 = 0
    /// Whether it answers for addresses: it has heard everything from the API server once, or goes by what the daemon before it
    /// answered for or knew, and is not about to leave.
    var takesPart: Bool
    /// Its network.
    var presence: Presence

    init(instance: UInt64, takesPart: Bool, presence: Presence) {
        self.instance = instance
        self.takesPart = takesPart
        self.presence = presence
    }

    /// Reads it; nil for what another program says.
    init?(_ bytes: [UInt8]) {
        var reader = ByteReader(bytes)
        guard bytes.count <= Self.maximumLength,
            (try? reader.read(SWIM.Member.mark.count))?.elementsEqual(SWIM.Member.mark) == true,
            let version: UInt8 = try? reader.read(), version == Self.version,
            let flags: UInt8 = try? reader.read(), let instance: UInt64 = try? reader.read(),
            let sequence: UInt32 = try? reader.read(),
            let text = String(validating: bytes.dropFirst(Self.headerLength), as: UTF8.self)
        else { return nil }
        self.instance = instance
        self.sequence = sequence
        takesPart = flags & Self.takesPartFlag != 0
        presence = Presence(text)
    }

    /// Which of the things that this daemon has said about itself it is.
    var edition: Edition { Edition(instance: instance, sequence: sequence) }

    /// Whether a member with these metadata is a daemon of ours that has yet to tell about itself.
    static func isYetToCome(_ bytes: [UInt8]) -> Bool { bytes == SWIM.Member.mark }

    /// Its bytes. Of a presence that is too long, the addresses that still fit.
    var bytes: [UInt8] {
        var writer = ByteWriter(capacity: Self.maximumLength)
        writer.write(SWIM.Member.mark)
        writer.write(Self.version)
        writer.write(takesPart ? Self.takesPartFlag : 0)
        writer.write(instance)
        writer.write(sequence)
        var presence = presence
        while presence.text.utf8.count > Self.maximumLength - Self.headerLength { presence.prefixes.removeLast() }
        writer.write(presence.text.utf8)
        return writer.bytes
    }
}
