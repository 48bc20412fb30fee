public import Wire

/// What happens to an `Instance`.
public enum Event: Hashable, Sendable {
    /// It begins.
    case started
    /// A datagram came from `source` and held these messages, in order.
    case received([Message], from: SocketAddress)
    /// Exchange the whole state with whoever listens there: to join a group, or to join two that were apart.
    case join([SocketAddress])
    /// What this node says about itself is this from now on, at most 512 bytes.
    case metadata([UInt8])
    /// This node listens there from now on.
    case address(SocketAddress)
    /// Tell all members these bytes (`Report.told` on each).
    case broadcast([UInt8])
    /// What is sent as `PushPull.userState` from now on.
    case userState([UInt8])
    /// Say farewell to the group; `Report.hasLeft` follows.
    case leave

    /// A peer has connected and sent its state: to be answered by `Directive.answer` with the same `id`.
    case pushed(PushPull, id: Int, from: SocketAddress)
    /// The exchange `id` that `Directive.exchange` asked for has ended: with the peer's state, or nil where that failed.
    case pulled(PushPull?, id: Int)
    /// A peer has connected and asks: to be answered by `Directive.acknowledge`, if it is meant for this node.
    case pinged(Ping, id: Int)
    /// The ping by TCP that `Directive.pingByStream` asked for has ended.
    case streamAnswered(isAnswered: Bool, id: Int)

    /// The instant of the last `Directive.wake` has come; also harmless at any other time.
    case timer
}
