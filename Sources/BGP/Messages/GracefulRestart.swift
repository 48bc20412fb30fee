/// The capability to restart without losing traffic (RFC 4724 section 3): what the sender's packets do while its BGP is
/// away.
public struct GracefulRestart: Hashable, Sendable {
    /// What holds for the routes of one family.
    public struct Family: Hashable, Sendable {
        /// The routes.
        public var family: RouteFamily
        /// The F bit: the sender has gone on forwarding by them while its BGP was away.
        public var isForwardingPreserved: Bool

        /// The routes of `family`.
        public init(_ family: RouteFamily, isForwardingPreserved: Bool) {
            self.family = family
            self.isForwardingPreserved = isForwardingPreserved
        }
    }

    /// The longest time that the capability can tell: 12 bits.
    public static let longestRestartTimeSeconds: UInt16 = 4_095

    /// The R bit: the sender has just restarted; nobody is to wait for its End-of-RIB.
    public var isRestarting: Bool
    /// How long the sender's routes are to be kept when it goes away, until it is back.
    public var restartTimeSeconds: UInt16
    /// The families for which that holds. None: the sender only helps others to restart.
    public var families: [Family]

    /// A capability with these fields; times of more than 4095 s are cut to that.
    public init(isRestarting: Bool, restartTimeSeconds: UInt16, families: [Family]) {
        self.isRestarting = isRestarting
        self.restartTimeSeconds = min(restartTimeSeconds, Self.longestRestartTimeSeconds)
        self.families = families
    }
}

/// One family of the capability for long-lived graceful restart (RFC 9494 section 3.1): how long its routes are kept as a
/// last resort once the time of the plain one is over.
public struct LongLivedFamily: Hashable, Sendable {
    /// The longest time that the capability can tell: 24 bits.
    public static let longestStaleTimeSeconds: UInt32 = 0xFF_FFFF

    /// The routes.
    public var family: RouteFamily
    /// The F bit: the sender has gone on forwarding by them while its BGP was away.
    public var isForwardingPreserved: Bool
    /// How long they are kept.
    public var staleTimeSeconds: UInt32

    /// The routes of `family`; times of more than 24 bits are cut to that.
    public init(_ family: RouteFamily, isForwardingPreserved: Bool, staleTimeSeconds: UInt32) {
        self.family = family
        self.isForwardingPreserved = isForwardingPreserved
        self.staleTimeSeconds = min(staleTimeSeconds, Self.longestStaleTimeSeconds)
    }
}
