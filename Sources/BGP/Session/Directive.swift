public import Wire

/// What a `Session` asks of its shell, to be carried out in order.
public enum Directive: Hashable, Sendable {
    /// Begin to connect to the peer; the connection has this number. `Event.connected` or `.connectFailed` follows.
    case connect(Int)
    /// Take the connection that `Event.accepted` told of; it has this number.
    case take(Int)
    /// Close the connection that `Event.accepted` told of.
    case refuse
    /// Send these bytes on the connection, behind those before; `Event.drained` follows. Not more than
    /// `Session.windowBytes`, one long message and a few small ones wait at once.
    case send([UInt8], on: Int)
    /// Close the connection once what was to be sent is out, without waiting for long.
    case close(Int)
    /// Send `Event.timer` at this instant; replaces the instant asked for before.
    case wake(at: Instant)
    /// Tell those above.
    case report(Report)
}
