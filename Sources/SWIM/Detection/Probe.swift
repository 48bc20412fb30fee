internal import Wire

/// A probe that is under way: a ping, and where that is not answered in time, pings by others and one by TCP.
struct Probe {
    /// Of the ping and of the indirect ones.
    let sequence: UInt32
    let name: String
    let address: SocketAddress
    /// The member's, as it was when the probe began: what it has said since refutes the suspicion.
    let incarnation: UInt32
    let sentAt: Instant
    /// When others are asked.
    private let timeout: Instant
    /// When the member becomes a suspect.
    private var end: Instant

    /// Whether others have been asked.
    private(set) var isIndirect = false
    private(set) var streamID: Int?
    private var expectedNacks = 0
    private var nacks = 0

    /// A probe of `member` that begins now and may take `duration`, of which the direct ping has `timeout`.
    init(of member: Member, sequence: UInt32, timeout: Duration, duration: Duration, at now: Instant) {
        self.sequence = sequence
        name = member.name
        address = member.address
        incarnation = member.incarnation
        sentAt = now
        self.timeout = now.advanced(by: min(timeout, duration))
        end = now.advanced(by: duration)
    }

    /// When something is to be done about it.
    var deadline: Instant { isIndirect ? end : timeout }

    /// Others have been asked now, of whom `expectedNacks` tell when they get no answer either. They have their full
    /// time, should this node have been late to ask.
    mutating func widen(expectedNacks: Int, streamID: Int?, at now: Instant) {
        isIndirect = true
        end = max(end, now.advanced(by: timeout.duration(to: end)))
        self.expectedNacks = expectedNacks
        self.streamID = streamID
    }

    /// One of them has got no answer.
    mutating func nack() {
        nacks = min(nacks + 1, expectedNacks)
    }

    /// What a failure says about this node's own health: those that were asked and did not even tell that they got no
    /// answer; where none could be asked, one.
    var awarenessDelta: Int { expectedNacks > 0 ? expectedNacks - nacks : 1 }
}
