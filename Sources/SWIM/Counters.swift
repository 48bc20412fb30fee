/// What an `Instance` has done and met since it began.
public struct Counters: Hashable, Sendable {
    /// Probes begun.
    public var probes: UInt64 = 0
    /// Probes that were answered by TCP alone: UDP to the member does not get through.
    public var probesByStreamAlone: UInt64 = 0
    /// Probes that nobody answered.
    public var probesFailed: UInt64 = 0
    /// Members that became suspects.
    public var suspicions: UInt64 = 0
    /// Members that became dead.
    public var deaths: UInt64 = 0
    /// What others said about this node and it has refuted.
    public var refutations: UInt64 = 0
    /// Exchanges of the whole state that this node began and that went well.
    public var exchanges: UInt64 = 0
    /// Exchanges that failed.
    public var exchangesFailed: UInt64 = 0
    /// How often this process was found to have been stopped or starved.
    public var stops: UInt64 = 0
    /// What came in and was not heeded, by reason.
    public var dropped = Dropped()

    /// Reasons for not heeding a message, or an entry of a `PushPull`.
    public struct Dropped: Hashable, Sendable {
        /// A ping for another name.
        public var otherName: UInt64 = 0
        /// An `Ack` or a nack of a ping that is not ours, or that has been settled.
        public var unknownSequence: UInt64 = 0
        /// An address that cannot be a member's: unspecified, multicast or broadcast, or port 0.
        public var invalidAddress: UInt64 = 0
        /// A name that is empty or too long.
        public var invalidName: UInt64 = 0
        /// Metadata or a broadcast that is too long, versions that contradict themselves, or an incarnation that leaves
        /// no room for a refutation.
        public var invalidValue: UInt64 = 0
        /// A known member with another address than the one it is known by.
        public var addressConflict: UInt64 = 0
        /// One too many: of members, of pings for others, of broadcasts.
        public var beyondLimit: UInt64 = 0

        /// All of them.
        public var total: UInt64 {
            otherName + unknownSequence + invalidAddress + invalidName + invalidValue + addressConflict + beyondLimit
        }
    }
}
