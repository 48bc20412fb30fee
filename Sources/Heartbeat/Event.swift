/// What happens to an `Instance`.
public enum Event: Hashable, Sendable {
    /// This node answers for so many addresses from now on, of this digest.
    case claims(count: Int, digest: UInt64 = 0)
    /// The digests of the addresses that other nodes are believed to answer for; 0 for none.
    case digests([String: UInt64])
    /// The other nodes that gossip calls alive, each with the instance that its daemon has told there: they are to be heard,
    /// and may be asked.
    case members([String: UInt64])
    /// A packet has come, so long ago: it was not read at once.
    case received(Packet, age: Duration = .zero)
    /// This daemon ends now and is followed by another within so long: say so.
    case pause(Duration)
    /// The instant of the last `Directive.wake` has come; also harmless at any other time.
    case timer
}
