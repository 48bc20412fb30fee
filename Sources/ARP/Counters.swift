/// What an `Announcer` has done since it began, in frames.
public struct Counters: Hashable, Sendable {
    /// Requests for an address of ours that were answered.
    public var replies: UInt64 = 0
    /// Gratuitous requests and replies.
    public var gratuitous: UInt64 = 0
    /// Frames that got no answer, by reason.
    public var dropped = Dropped()

    /// Reasons for leaving a frame unanswered.
    public struct Dropped: Hashable, Sendable {
        /// Not ARP for IPv4 over Ethernet, or cut short.
        public var malformed: UInt64 = 0
        /// Not a request.
        public var notRequest: UInt64 = 0
        /// For an address that is not claimed on the interface, or before the interface's own address is known.
        public var notClaimed: UInt64 = 0
        /// Sent neither to everybody nor to the interface.
        public var otherDestination: UInt64 = 0
        /// From a sender that cannot be: multicast, broadcast or zero.
        public var invalidSender: UInt64 = 0
        /// From an interface of this host.
        public var ownSender: UInt64 = 0
        /// From another host that gives an address claimed here as its own (a conflict, RFC 5227 section 2.4).
        public var conflict: UInt64 = 0

        /// All of them.
        public var total: UInt64 {
            malformed + notRequest + notClaimed + otherDestination + invalidSender + ownSender + conflict
        }
    }
}
