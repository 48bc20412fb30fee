public import Wire

/// What a daemon leaves to the one that follows it at once (SIGUSR1: a restart, an upgrade), so that no request goes
/// unanswered while the new one has yet to hear from the API server.
public struct Inheritance: Hashable, Sendable {
    /// How long it holds. Every other daemon leaves the addresses alone for longer: until this node's Lease has ended.
    static let limit = Duration.seconds(10)

    /// How long the others are asked to wait for the daemon that follows.
    static let gap = Duration.seconds(5)

    /// What was answered for, ascending.
    public var claims: [Claim]
    /// How often each of these addresses had been taken over, where that is known.
    public var epochs: [IPAddress: UInt64]
    /// When the daemon ended, on the boot clock.
    public var leftAt: Instant

    /// What is left at `leftAt`.
    public init(claims: [Claim], epochs: [IPAddress: UInt64] = [:], leftAt: Instant) {
        self.claims = claims
        self.epochs = epochs
        self.leftAt = leftAt
    }
}
