internal import Crypto
internal import Wire

extension BFD {
    /// Authentication by a key that both sides know, with SHA-1 (RFC 5880 section 6.7.4).
    public struct Authentication: Hashable, Sendable {
        /// The longest key, in bytes.
        public static let longestKeyBytes = 20

        private static let digestBytes = 20
        /// Key, a byte of no meaning, sequence number, digest.
        private static let dataBytes = 26

        /// The key's number, by which both sides tell several apart.
        public var keyID: UInt8
        /// The key: 1 to 20 bytes.
        public var key: [UInt8]
        /// Whether each packet must have a higher number than the one before: then none that was recorded is taken.
        public var isMeticulous: Bool

        /// The key `key`; of more than 20 bytes, the first 20.
        public init(keyID: UInt8, key: some Sequence<UInt8>, isMeticulous: Bool = false) {
            self.keyID = keyID
            self.key = Array(key.prefix(Self.longestKeyBytes))
            self.isMeticulous = isMeticulous
        }

        /// The number of the kind of authentication on the wire.
        var type: UInt8 { isMeticulous ? 5 : 4 }

        /// The packet with the proof that this key gives.
        func sign(_ packet: ControlPacket, sequence: UInt32) -> [UInt8] {
            var data = ByteWriter(capacity: Self.dataBytes)
            data.write(keyID)
            data.write(UInt8(0))
            data.write(sequence)
            data.write(paddedKey)
            var signed = packet
            signed.authentication = .init(type: type, data: data.bytes)
            let bytes = signed.bytes
            return bytes.dropLast(Self.digestBytes) + SHA1.digest(bytes)
        }

        /// The sequence number of a packet with a proof of this key; nil for any other.
        func verify(_ packet: ControlPacket, _ bytes: ArraySlice<UInt8>) -> UInt32? {
            guard let section = packet.authentication, section.type == type, section.data.count == Self.dataBytes,
                section.data[0] == keyID
            else { return nil }
            let length = ControlPacket.plainBytes + 2 + Self.dataBytes
            guard bytes.count >= length, bytes[bytes.startIndex + 3] == UInt8(length) else { return nil }
            let signed = bytes.prefix(length).dropLast(Self.digestBytes) + paddedKey
            guard Self.isEqual(SHA1.digest(signed), section.data.suffix(Self.digestBytes)) else { return nil }
            return section.data[2..<6].reduce(0) { $0 << 8 | UInt32($1) }
        }

        /// The key, filled up with zeros.
        private var paddedKey: [UInt8] { key + Array(repeating: 0, count: Self.digestBytes - key.count) }

        /// In a time that does not depend on where they differ.
        private static func isEqual(_ left: [UInt8], _ right: ArraySlice<UInt8>) -> Bool {
            zip(left, right).reduce(left.count == right.count ? 0 : 1) { $0 | ($1.0 ^ $1.1) } == 0
        }
    }
}
