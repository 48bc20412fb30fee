public import Wire

/// What happens to a `Session`. Connections have the numbers that its directives gave them; what is said of one that it has
/// closed is ignored.
public enum Event: Hashable, Sendable {
    /// Begin.
    case start
    /// End; `Report.ended` follows, in the same call but where routes are withdrawn first.
    case stop(Stop)
    /// These routes are to be known to the peer, and no others. Nothing is announced before this has come for the first time,
    /// so that a peer that has kept routes drops none for a list that is not complete.
    case wanted([Prefix: Path])
    /// These routes are to change; nil: to go. The cost does not depend on how many there are. Without effect before `wanted`.
    case amended([Prefix: Path?])
    /// The connection that was begun stands; this node's address is this.
    case connected(Int, localAddress: IPAddress)
    /// The connection that was begun could not be made, and is closed: why, in words.
    case connectFailed(Int, String)
    /// The peer has connected, to this address; `Directive.take` or `Directive.refuse` follows in the same call. The shell
    /// has made sure that it is the peer: its address, its signatures.
    case accepted(localAddress: IPAddress)
    /// Bytes have come. The shell reads so many at once and no more, so that a peer that floods fills its own buffers.
    case received(ArraySlice<UInt8>, on: Int)
    /// All that was to be sent on the connection has gone to the kernel. Told each time that this comes true.
    case drained(Int)
    /// The other side has closed the connection, or it broke: why, in words; nil for an orderly end. It is closed.
    case closed(Int, String?)
    /// BFD has lost the peer (RFC 5882 section 4.2).
    case bfdDown
    /// The instant of the last `Directive.wake` has come; also harmless at any other time.
    case timer
}

/// How a session is to end.
public enum Stop: Hashable, Sendable {
    /// For good: the routes are withdrawn, then the peer is told (RFC 9003), with a text for the people there.
    case shutdown(text: String)
    /// For a moment: the peer keeps the routes where it can (RFC 4724). A BFD session is to be stopped before.
    case restart
    /// The peer is not one of the configured ones any more.
    case deconfigured
    /// To begin again with other settings.
    case reconfigured
}
