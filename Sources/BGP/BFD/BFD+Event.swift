extension BFD {
    /// What happens to a `Session`.
    public enum Event: Hashable, Sendable {
        /// Begin.
        case start
        /// End: the peer is told that this says nothing about the way between (RFC 5880 section 6.8.16), and does not take
        /// routes back. `Report.ended` follows when it has had the time to hear it; who is in a hurry need not wait.
        case stop
        /// A datagram has come from the peer with this TTL or hop limit.
        case received(ArraySlice<UInt8>, hopLimit: UInt8)
        /// The instant of the last `Directive.wake` has come; also harmless at any other time.
        case timer
    }
}
