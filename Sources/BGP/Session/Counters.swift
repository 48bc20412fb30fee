/// What a `Session` has sent and received since it was made.
public struct Counters: Hashable, Sendable {
    /// Sessions that were established.
    public var established: UInt64 = 0
    /// Bytes of UPDATEs that were sent.
    public var updateBytesSent: UInt64 = 0
    /// UPDATEs that came.
    public var updatesReceived: UInt64 = 0
    /// Routes that came in them. None is kept.
    public var routesReceived: UInt64 = 0
    /// Routes that went in them.
    public var withdrawalsReceived: UInt64 = 0
    /// Attributes that were not as they should be, and no reason to end the session (RFC 7606).
    public var faults: UInt64 = 0
    /// Times that the peer wanted all routes of a family again.
    public var refreshes: UInt64 = 0
    /// Connections of the peer that were refused.
    public var refused: UInt64 = 0
    /// Connections that were given up for another one.
    public var collisions: UInt64 = 0
    /// Times that this process was stopped or starved for more than a second.
    public var stops: UInt64 = 0
}
