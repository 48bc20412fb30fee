/// Why bytes are no message of the group's, or a message cannot be sent.
public enum SWIMError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A field needs `needed` bytes where only `available` are left.
    case truncated(needed: Int, available: Int)
    /// The field holds something that is not allowed there.
    case invalid(field: String)
    /// A MessagePack value that begins with `byte` stands where there should be `expected`.
    case mistyped(expected: String, byte: UInt8)
    /// No kind of message has this number, or none that may stand there.
    case unknownMessage(type: UInt8)
    /// The checksum does not fit the bytes.
    case wrongChecksum
    /// The bytes were not compressed as memberlist does it.
    case malformedCompression
    /// More bytes than we take or send.
    case tooLarge(limitBytes: Int)
    /// More messages than a datagram holds.
    case tooManyMessages(limit: Int)
    /// Another group's bytes, by their label.
    case wrongLabel(String)
    /// The bytes are not encrypted, and the group's are.
    case notEncrypted
    /// The bytes are encrypted, and there is no key.
    case isEncrypted
    /// No key opens the bytes.
    case notDecryptable
    /// libcrypto refused to encrypt, for this reason.
    case notEncryptable(String)
    /// A key is 16, 24 or 32 bytes; this one has `count`.
    case invalidKeyLength(Int)

    /// The error in words.
    public var description: String {
        switch self {
        case .truncated(let needed, let available):
            "the message ends early: \(needed) bytes needed, \(available) left"
        case .invalid(let field):
            "\(field) has a value that is not allowed there"
        case .mistyped(let expected, let byte):
            "\(expected) should stand where MessagePack's type \(byte) does"
        case .unknownMessage(let type):
            "a message of the type \(type) is not known, or not allowed there"
        case .wrongChecksum:
            "the checksum is wrong: the packet was damaged on its way"
        case .malformedCompression:
            "the compressed bytes are damaged"
        case .tooLarge(let limitBytes):
            "the message is larger than \(limitBytes) bytes"
        case .tooManyMessages(let limit):
            "a datagram holds \(limit) messages at most"
        case .wrongLabel(let label):
            label.isEmpty
                ? "the label is missing: the sender belongs to another group"
                : "the label is \(label.debugDescription): the sender belongs to another group"
        case .notEncrypted:
            "the sender does not encrypt; give all nodes the same gossip secret"
        case .isEncrypted:
            "the sender encrypts and this node has no gossip secret; give all nodes the same"
        case .notDecryptable:
            "no key opens it; give all nodes the same gossip secret"
        case .notEncryptable(let reason):
            "encryption failed: \(reason)"
        case .invalidKeyLength(let count):
            "a gossip key has 16, 24 or 32 bytes, not \(count)"
        }
    }
}
