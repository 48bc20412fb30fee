/// The figures that a `Session` goes by beside the hold time.
public struct Timing: Hashable, Sendable {
    /// How long a connection may take to be made.
    public var connectTimeout = Duration.seconds(10)
    /// The wait before a connection is tried again, after the first failure; it doubles with each.
    public var firstRetry = Duration.seconds(1)
    /// The longest such wait.
    public var longestRetry = Duration.seconds(30)
    /// How long a session must have stood for the wait to begin anew.
    public var stableTime = Duration.seconds(60)
    /// After an error, nothing is sent or accepted for so long (RFC 4271 section 8.1.1, DampPeerOscillations).
    public var idleHold = Duration.seconds(1)
    /// How long the peer may take with its OPEN; RFC 4271 section 8.2.2 would have minutes.
    public var openTimeout = Duration.seconds(30)
    /// How long it may take to withdraw all routes before the session is closed all the same.
    public var farewell = Duration.seconds(2)
    /// The shortest time for which a peer may read nothing; twice the hold time where that is longer (RFC 9687).
    public var shortestSendHold = Duration.seconds(480)

    /// The figures as they are.
    public init() {}
}
