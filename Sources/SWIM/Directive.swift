public import Wire

/// What an `Instance` asks of its shell, to be carried out in order.
public enum Directive: Hashable, Sendable {
    /// Send these messages in one datagram. Together, encoded and encrypted, they fit 1,400 bytes.
    case send([Message], to: SocketAddress)
    /// Connect by TCP, send this state and read the peer's: `Event.pulled` with the same `id` follows.
    case exchange(PushPull, with: SocketAddress, id: Int)
    /// Send this state on the connection of `Event.pushed` with the same `id`.
    case answer(PushPull, id: Int)
    /// Connect by TCP and send this ping: `Event.streamAnswered` with the same `id` follows.
    case pingByStream(Ping, to: SocketAddress, id: Int)
    /// Send this on the connection of `Event.pinged` with the same `id`.
    case acknowledge(Ack, id: Int)
    /// Send `Event.timer` at this instant; replaces the instant asked for before.
    case wake(at: Instant)

    /// A member came, changed what it says, or stands otherwise than before.
    case changed(Member)
    /// A member was dead or gone for so long that it is forgotten.
    case forgotten(String)
    /// A member told all these bytes.
    case deliver([UInt8])
    /// A member's `PushPull.userState`; `isJoin` where one of the two comes new to the group.
    case merge([UInt8], isJoin: Bool)
    /// Another member that is alive goes by this node's name, at this address.
    case nameTaken(by: SocketAddress)
    /// The farewell has been told, or nobody is there to hear it.
    case hasLeft
}
