internal import Wire

/// One connection to the peer. A session has two for a moment where both sides connect at once.
struct Connection {
    enum Phase: Int, Comparable {
        case connecting
        case openSent
        case openConfirm
        case established

        static func < (left: Phase, right: Phase) -> Bool { left.rawValue < right.rawValue }
    }

    let id: Int
    /// Whether this side has made it.
    let isOutgoing: Bool
    var phase: Phase
    /// This node's end of it.
    var localAddress: IPAddress?
    var decoder = StreamDecoder()
    var codec = Codec()
    var negotiation: Negotiation?
    /// When something must have come: the connection itself, the peer's OPEN, a sign of life.
    var deadline: Instant?
    /// When a KEEPALIVE is due.
    var keepaliveAt: Instant?
    /// Until when what waits must be out; nil where nothing waits.
    var sendDeadline: Instant?

    /// The time between KEEPALIVEs, a third of the hold time; nil for none.
    var keepaliveInterval: Duration? { negotiation?.holdTime.map { $0 / 3 } }

    var state: State {
        switch phase {
        case .connecting: .connect
        case .openSent: .openSent
        case .openConfirm: .openConfirm
        case .established: .established
        }
    }

    /// When it has something to do.
    var nextDeadline: Instant? {
        let sendDeadline = phase == .established ? sendDeadline : nil
        return [deadline, keepaliveAt, sendDeadline].compactMap { $0 }.min()
    }
}
