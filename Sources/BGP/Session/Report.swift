/// What a `Session` has met, for those above it.
public enum Report: Hashable, Sendable {
    /// The session is established.
    case up(Negotiation)
    /// It was, and is not any more.
    case down(Cause)
    /// It could not be established; told once for as long as it is for the same cause.
    case failed(Cause)
    /// It has ended, as was asked for.
    case ended
}

/// Why a session ended or could not be established.
public enum Cause: Hashable, Sendable, CustomStringConvertible {
    /// No connection could be made: why, in words.
    case unreachable(String)
    /// The connection was closed by the other side or broke: why, in words; nil for an orderly end.
    case disconnected(String?)
    /// The peer has ended it.
    case told(Notification)
    /// The peer has done what it should not.
    case error(BGPError)
    /// BFD has lost the peer.
    case bfdDown
    /// The peer has restarted, and connected anew (RFC 4724 section 4.2).
    case replaced
    /// It was to end.
    case stopped(Stop)

    /// The cause in words.
    public var description: String {
        switch self {
        case .unreachable(let why): "cannot connect: \(why)"
        case .disconnected(let why): why.map { "the connection broke: \($0)" } ?? "the peer closed the connection"
        case .told(let notification): "the peer ended the session: \(notification)"
        case .error(let error): "\(error)"
        case .bfdDown: "BFD has lost the peer"
        case .replaced: "the peer restarted"
        case .stopped(.shutdown): "shut down here"
        case .stopped(.restart): "lbd restarts"
        case .stopped(.deconfigured): "the peer is not configured any more"
        case .stopped(.reconfigured): "the peer's settings changed here"
        }
    }
}
