/// Why a message is of no use.
public enum VarlinkError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The bytes are no message of the protocol.
    case malformed
    /// The other side answered with this error, `INTERFACE.ERROR`.
    case refused(name: String)

    /// The error in words.
    public var description: String {
        switch self {
        case .malformed: "this is no Varlink message"
        case .refused(let name): "the call was answered with the error \(name)"
        }
    }
}
