/// What a `Transport` has counted since the start.
public struct TransportCounters: Hashable, Sendable {
    /// Datagrams and states that came and could be read.
    public var received: UInt64 = 0
    /// Datagrams and states that were sent.
    public var sent: UInt64 = 0
    /// Datagrams that the kernel did not take.
    public var sendErrors: UInt64 = 0
    /// What came and none of the keys opens: it was not encrypted, or with another secret.
    public var undecryptable: UInt64 = 0
    /// What came, opened and made no sense.
    public var malformed: UInt64 = 0
    /// Connections that were closed since there were too many.
    public var refusedConnections: UInt64 = 0

    /// Nothing counted yet.
    public init() {}
}
