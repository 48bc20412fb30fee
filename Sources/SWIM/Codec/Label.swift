/// The name of a group, which its members send before everything else: other groups' bytes are told by it (memberlist's
/// label.go).
public struct Label: Hashable, Sendable, CustomStringConvertible {
    /// The name: 1 to 255 bytes.
    public let description: String

    /// Nil where the name is empty or too long.
    public init?(_ name: String) {
        guard (1...255).contains(name.utf8.count) else { return nil }
        description = name
    }

    /// What encryption covers of it.
    var bytes: [UInt8] { Array(description.utf8) }

    /// What stands before a datagram, or at the beginning of a connection.
    var header: [UInt8] { [MessageType.label.rawValue, UInt8(truncatingIfNeeded: bytes.count)] + bytes }

    /// Takes the label off the front of `bytes`. Nil where they begin with none.
    static func take(from bytes: inout ArraySlice<UInt8>) throws(SWIMError) -> Label? {
        guard bytes.first == MessageType.label.rawValue else { return nil }
        guard let length = bytes.dropFirst().first.map(Int.init) else { throw .truncated(needed: 2, available: 1) }
        guard bytes.count >= 2 + length else { throw .truncated(needed: 2 + length, available: bytes.count) }
        let name = String(validating: bytes.dropFirst(2).prefix(length), as: UTF8.self)
        guard let label = name.flatMap({ Label($0) }) else { throw .invalid(field: "the label") }
        bytes = bytes.dropFirst(2 + length)
        return label
    }
}
