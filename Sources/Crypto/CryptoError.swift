/// Why bytes could not be sealed or opened.
public enum CryptoError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A key is 16, 24 or 32 bytes; this one has `count`.
    case invalidKeyLength(Int)
    /// A nonce is 12 bytes; this one has `count`.
    case invalidNonceLength(Int)
    /// The bytes were sealed with another key, nonce or additional data, or have been changed since.
    case notAuthentic
    /// libcrypto could not do its work; it has no memory left.
    case failed

    /// The error in words.
    public var description: String {
        switch self {
        case .invalidKeyLength(let count): "an AES key has 16, 24 or 32 bytes, not \(count)"
        case .invalidNonceLength(let count): "a GCM nonce has 12 bytes, not \(count)"
        case .notAuthentic: "the bytes were sealed with another key, or have been changed since"
        case .failed: "libcrypto could not encrypt or decrypt: no memory is left"
        }
    }
}
