/// What an `Announcer` has done since it began, in frames.
public struct Counters: Hashable, Sendable {
    /// Requests and solicitations for an address of ours that were answered.
    public var replies: UInt64 = 0
    /// Gratuitous requests and replies, and unsolicited advertisements.
    public var gratuitous: UInt64 = 0
    /// Frames that got no answer, by reason.
    public var dropped = Dropped()

    /// Reasons for leaving a frame unanswered.
    public struct Dropped: Hashable, Sendable {
        /// Neither ARP for IPv4 over Ethernet nor a valid message of neighbour discovery, or cut short.
        public var malformed: UInt64 = 0
        /// Neither a request nor a solicitation.
        public var notRequest: UInt64 = 0
        /// For an address that is not claimed on the interface, or before the interface's own address is known.
        public var notClaimed: UInt64 = 0
        /// Sent neither to all who could be meant nor to the interface.
        public var otherDestination: UInt64 = 0
        /// From a sender that cannot be: multicast, broadcast or zero.
        public var invalidSender: UInt64 = 0
        /// From an interface of this host.
        public var ownSender: UInt64 = 0
        /// From another host that gives an address claimed here as its own (a conflict, RFC 5227 section 2.4, RFC 4862 section 5.4).
        public var conflict: UInt64 = 0

        /// All of them.
        public var total: UInt64 {
            malformed + notRequest + notClaimed + otherDestination + invalidSender + ownSender + conflict
        }
    }
}
