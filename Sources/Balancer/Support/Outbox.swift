import KubeWatch
import Wire

/// Why a write was sent, and so which part of the Balancer hears how it ended.
enum Errand: Hashable {
    /// The Lease `lbd-controller`.
    case controllerLease
    /// This node's own Lease.
    case nodeLease
    /// A quorum list of the Services.
    case relist
    /// The status of a Service.
    case status(ObjectKey)
    /// The Secret of the gossip.
    case secret
    /// A Kubernetes Event.
    case event
}

/// The writes under way. There is no queue of writes that wait: what may not leave yet is not yet decided either, so
/// nothing stale ever leaves.
struct Outbox {
    /// Service statuses under way at once; together with the Events at most 64, besides at most one write of each Lease
    /// and of the Secret, and one relist.
    static let statusLimit = 48
    /// Kubernetes Events under way at once.
    private static let eventLimit = 16
    /// And while addresses are being given: those come first, and the server has only so much time.
    private static let eventLimitBesideStatuses = 1

    /// A write under way.
    struct Sent {
        var errand: Errand
        /// Nil for a Secret, whose content this part of the daemon never sees.
        var write: Write?
        var sentAt: Instant
    }

    private var lastID: UInt64 = 0
    private var underWay: [WriteID: Sent] = [:]
    private(set) var statusCount = 0
    private var eventCount = 0
    private(set) var isRelisting = false

    /// Whether one more Event may leave.
    var hasRoomForEvent: Bool {
        eventCount < (statusCount > 0 ? Self.eventLimitBesideStatuses : Self.eventLimit)
    }

    mutating func send(_ write: Write, for errand: Errand, in turn: inout Turn) {
        turn.emit(.write(begin(errand, write, at: turn.now), write))
    }

    /// Has the Secret `key` made.
    mutating func createSecret(_ key: ObjectKey, in turn: inout Turn) {
        turn.emit(.createSecret(begin(.secret, nil, at: turn.now), key))
    }

    private mutating func begin(_ errand: Errand, _ write: Write?, at now: Instant) -> WriteID {
        lastID += 1
        let id = WriteID(lastID)
        underWay[id] = Sent(errand: errand, write: write, sentAt: now)
        count(errand, by: 1)
        return id
    }

    /// The write `id`, which has ended; nil for one that is not under way.
    mutating func finish(_ id: WriteID) -> Sent? {
        guard let sent = underWay.removeValue(forKey: id) else { return nil }
        count(sent.errand, by: -1)
        return sent
    }

    private mutating func count(_ errand: Errand, by step: Int) {
        switch errand {
        case .status: statusCount += step
        case .event: eventCount += step
        case .relist: isRelisting = step > 0
        case .controllerLease, .nodeLease, .secret: break
        }
    }
}
