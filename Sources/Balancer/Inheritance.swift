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
    /// What routers were told; nil where there were none.
    public var routed: Routed?
    /// When the daemon ended, on the boot clock.
    public var leftAt: Instant

    /// What is left at `leftAt`.
    public init(claims: [Claim], epochs: [IPAddress: UInt64] = [:], routed: Routed? = nil, leftAt: Instant) {
        self.claims = claims
        self.epochs = epochs
        self.routed = routed
        self.leftAt = leftAt
    }

    /// What routers were told, and what decides which routers those are: the rest is in the pools.
    public struct Routed: Hashable, Sendable {
        /// The addresses that they were told of, ascending.
        public var addresses: [IPAddress]
        /// The node's labels.
        public var labels: [String: String]
        /// The node's own addresses in Kubernetes (InternalIP), in its order.
        public var nodeAddresses: [IPAddress]

        /// These addresses, by a node like this.
        public init(addresses: [IPAddress], labels: [String: String], nodeAddresses: [IPAddress]) {
            self.addresses = addresses
            self.labels = labels
            self.nodeAddresses = nodeAddresses
        }
    }
}
