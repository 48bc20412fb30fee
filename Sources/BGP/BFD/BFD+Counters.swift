extension BFD {
    /// What a `Session` has sent, received and dropped.
    public struct Counters: Hashable, Sendable {
        /// Packets sent.
        public var sent: UInt64 = 0
        /// Packets taken.
        public var received: UInt64 = 0
        /// Datagrams that are no packets.
        public var malformed: UInt64 = 0
        /// Packets from too far away.
        public var tooFar: UInt64 = 0
        /// Packets with another proof than they should have, or with an old one.
        public var notAuthentic: UInt64 = 0
        /// Packets of another session.
        public var otherSession: UInt64 = 0
        /// Packets by which the peer wanted demand mode.
        public var demands: UInt64 = 0
    }
}
