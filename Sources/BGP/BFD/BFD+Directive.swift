public import Wire

extension BFD {
    /// What a `Session` asks of its shell, to be carried out in order.
    public enum Directive: Hashable, Sendable {
        /// Send the datagram to the peer.
        case send([UInt8])
        /// Send `Event.timer` at this instant, to the millisecond; replaces the instant asked for before.
        case wake(at: Instant)
        /// Tell those above.
        case report(Report)
    }
}
