public import Wire

/// What happens to an `Instance`.
public enum Event: Hashable, Sendable {
    /// It begins.
    case started
    /// A datagram came from `source` and held these messages, in order; none where it was for others than the gossip. By
    /// whatever comes, one that was lost, or is to be joined, shows that it is there, and is joined at once.
    case received([Message], from: SocketAddress)
    /// Exchange the whole state with whoever listens there: to join a group, or to join two that were apart. Replaces
    /// the addresses asked for before. Each is tried at once, and then, for as long as no live member listens there,
    /// again after 1 s, 2 s and so on up to 60 s, a fifth more or less.
    case join([SocketAddress])
    /// What this node says about itself is this from now on, at most 512 bytes.
    case metadata([UInt8])
    /// This node listens there from now on.
    case address(SocketAddress)
    /// Tell all members these bytes, at most 1,024: `Report.told` on each that is alive, once. That is gossip's promise
    /// and no more: members of other make do not pass it on, and one that is cut off for a while misses it, so that
    /// what must not be missed belongs into `userState` as well. Who tells the same bytes again must make them differ:
    /// each member remembers the last 512 broadcasts and tells none of them twice.
    case broadcast([UInt8])
    /// What is sent as `PushPull.userState` from now on.
    case userState([UInt8])
    /// Go by these figures from now on. What is under way ends by the old ones.
    case timing(Timing)
    /// It is known otherwise of these members alone that they are alive, until that is said of others: while their answers come
    /// in time, each is pinged in every fourth of its turns only.
    case knownAlive([String])
    /// Say farewell to the group; `Report.hasLeft` follows, within `Timing.leaveTimeout`. Pings are answered on.
    case leave

    /// A peer has connected and sent its state: to be answered by `Directive.answer` with the same `id`.
    case pushed(PushPull, id: Int, from: SocketAddress)
    /// The exchange `id` that `Directive.exchange` asked for has ended: with the peer's state, or nil where that
    /// failed.
    case pulled(PushPull?, id: Int)
    /// A peer has connected and asks: to be answered by `Directive.acknowledge`, if it is meant for this node.
    case pinged(Ping, id: Int)
    /// The ping by TCP that `Directive.pingByStream` asked for has ended.
    case streamAnswered(isAnswered: Bool, id: Int)

    /// The instant of the last `Directive.wake` has come; also harmless at any other time. What has come in by then is
    /// to be handed over first, lest a member be blamed for an answer that was not read.
    case timer
}
