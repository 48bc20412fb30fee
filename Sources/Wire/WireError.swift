/// Why bytes could not be read or text is not an address.
public enum WireError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A field needs `needed` bytes where only `available` are left.
    case truncated(needed: Int, available: Int)
    /// A field holds a value that its protocol does not allow.
    case invalid(field: String, value: UInt64)
    /// Text that is not what it should be: `expected` says what would be right.
    case malformed(text: String, expected: String)

    /// The error in words.
    public var description: String {
        switch self {
        case .truncated(let needed, let available):
            "the packet ends early: \(needed) bytes needed, \(available) left"
        case .invalid(let field, let value):
            "\(field) has the value \(value), which is not allowed there"
        case .malformed(let text, let expected):
            "\"\(text)\" is not \(expected)"
        }
    }
}
