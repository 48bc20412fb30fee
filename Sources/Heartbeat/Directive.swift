public import Wire

/// What an `Instance` asks of its shell, to be carried out in order.
public enum Directive: Hashable, Sendable {
    /// Who is to get a packet.
    public enum Audience: Hashable, Sendable {
        /// All nodes on this node's networks.
        case network
        /// The member of this name.
        case member(String)
    }

    /// Send the packet.
    case send(Packet, to: Audience)
    /// Send `Event.timer` at this instant; replaces the instant asked for before.
    case wake(at: Instant)
    /// Tell those above.
    case report(Report)
}
