/// How far a session is (RFC 4271 section 8.2.2).
public enum State: String, Hashable, Sendable, CaseIterable, CustomStringConvertible {
    /// Stopped, or held back for a moment after an error: no connection is made or taken.
    case idle = "Idle"
    /// A connection is being made.
    case connect = "Connect"
    /// No connection could be made: the peer may connect, and it is tried again after a while.
    case active = "Active"
    /// Connected; the peer's OPEN is waited for.
    case openSent = "OpenSent"
    /// The peer's OPEN is as it should be; its first KEEPALIVE is waited for.
    case openConfirm = "OpenConfirm"
    /// Routes are told.
    case established = "Established"

    /// The name that RFC 4271 gives it.
    public var description: String { rawValue }
}
