public import Wire

/// What an `Instance` asks of its shell, to be carried out in order.
public enum Directive: Hashable, Sendable {
    /// Send these messages in one datagram. Together, encoded and encrypted, they fit 1,400 bytes.
    case send([Message], to: SocketAddress)
    /// Connect by TCP, send this state and read the peer's: `Event.pulled` with the same `id` follows.
    case exchange(PushPull, with: SocketAddress, id: Int)
    /// Send this state on the connection of `Event.pushed` with the same `id`.
    case answer(PushPull, id: Int)
    /// Connect by TCP and send this ping: `Event.streamAnswered` with the same `id` follows. An answer after this
    /// instant comes too late: there is no use in waiting longer.
    case pingByStream(Ping, to: SocketAddress, id: Int, until: Instant)
    /// Send this on the connection of `Event.pinged` with the same `id`.
    case acknowledge(Ack, id: Int)
    /// Send `Event.timer` at this instant; replaces the instant asked for before.
    case wake(at: Instant)

    /// Tell those above.
    case report(Report)
}
