internal import Crypto

/// An AES key of a group: 16, 24 or 32 bytes.
public struct Key: Hashable, Sendable, CustomStringConvertible {
    /// How MetalLB makes a key of its secret, and we do.
    public enum Strength: Int, Hashable, Sendable, CaseIterable {
        /// As MetalLB's speakers before 0.14.
        case aes128 = 16
        /// As MetalLB's speakers since 0.14.
        case aes256 = 32
    }

    /// The bytes of the key.
    public let bytes: [UInt8]

    /// The key with these bytes.
    public init(_ bytes: [UInt8]) throws(SWIMError) {
        guard AESGCM.keyLengths.contains(bytes.count) else { throw .invalidKeyLength(bytes.count) }
        self.bytes = bytes
    }

    /// The key that MetalLB makes of the text of its secret: the beginning of that text and the digest of nothing
    /// behind it, which fills up a short one. It is no digest of the secret.
    public init(secret: some Collection<UInt8>, _ strength: Strength) {
        bytes = Array((Array(secret) + SHA256.digest([])).prefix(strength.rawValue))
    }

    /// How long it is; never its bytes.
    public var description: String { "a key of \(bytes.count) bytes" }
}
