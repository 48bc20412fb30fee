import KubeWatch
import Wire

/// The leader's work: which Services to look at, which writes are not settled, and which Services wait for what.
struct Assignments {
    /// A status write that was sent, until it is known what became of it.
    struct Pending {
        /// How much is known.
        enum Phase: Hashable {
            /// Under way.
            case sent
            /// It may have happened, and may still happen until `until`. The addresses stay reserved.
            case unanswered(until: Instant)
            /// It did not happen, since the Service changed; the watch has not shown that yet.
            case outdated(since: Instant)
        }

        var base: ObjectMeta
        /// None where the status is to be emptied.
        var addresses: [IPAddress]
        /// Those of them that people are told of.
        var news: [IPAddress]
        var replacesForeign: Bool
        var phase = Phase.sent
    }

    /// What was done about a status that another controller wrote.
    enum Dispute: Hashable {
        /// It was replaced, once.
        case replaced(Wish)
        /// It came back, so the Service is left alone until it asks for something else.
        case leftAlone(Wish)

        var wish: Wish {
            switch self {
            case .replaced(let wish), .leftAlone(let wish): wish
            }
        }
    }

    /// How long to wait for the watch to show why a write was in conflict, before the Services are listed.
    private static let outdatedLimit = Duration.seconds(10)

    var queue = KeyQueue()
    var waiting = WaitingList()
    var pending: [ObjectKey: Pending] = [:]
    var disputes: [ObjectKey: Dispute] = [:]
    /// What was last told about a Service that did not get what it asks for; the same is not told again.
    var failures: [ObjectKey: String] = [:]

    private var refused = KeyQueue()
    private var refusedUntil: Instant?
    private var refusedBackoff = Backoff()
    private var pausedUntil: Instant?
    private var pauseBackoff = Backoff()
    /// When a list of the Services is wanted to learn what became of writes.
    private(set) var listDue: Instant?

    /// How many Services are left to another controller.
    var leftAloneCount: Int {
        disputes.values.count { if case .leftAlone = $0 { true } else { false } }
    }

    var hasUnsettledWrites: Bool {
        pending.values.contains { entry in
            if case .outdated = entry.phase { false } else { true }
        }
    }

    // MARK: What to look at next

    /// The next Service to decide about; nil where there is none or a pause is on.
    mutating func next(at now: Instant) -> ObjectKey? {
        if let pausedUntil, now < pausedUntil { return nil }
        pausedUntil = nil
        if let refusedUntil, refusedUntil <= now {
            self.refusedUntil = nil
            for key in refused.popAll() { queue.append(key) }
        }
        while true {
            if let key = queue.popFirst() { return key }
            let helped = waiting.popHelped()
            guard !helped.isEmpty else { return nil }
            for key in helped { queue.append(key) }
        }
    }

    /// Leaves statuses alone for a while: the server is busy, or does not let us write. What fails while a pause is on was
    /// sent before it, with the write that began it: one failure, and not a reason for a longer wait than the server names.
    mutating func pause(for time: Duration?, in turn: inout Turn) {
        if let pausedUntil, turn.now < pausedUntil {
            self.pausedUntil = max(pausedUntil, turn.now.advanced(by: time ?? .zero))
        } else {
            pausedUntil = turn.now.advanced(by: time ?? pauseBackoff.next(using: &turn.rng))
        }
    }

    /// Looks at the Service `key` again later: the server does not like what is written to it.
    mutating func putOff(_ key: ObjectKey, in turn: inout Turn) {
        refused.append(key)
        guard refusedUntil == nil else { return }
        refusedUntil = turn.now.advanced(by: refusedBackoff.next(using: &turn.rng))
    }

    /// A write succeeded.
    mutating func succeeded() {
        pauseBackoff.reset()
        if refused.isEmpty { refusedBackoff.reset() }
    }

    /// The Service `key` is gone, or none of ours.
    mutating func forget(_ key: ObjectKey) {
        queue.remove(key)
        waiting.remove(key)
        refused.remove(key)
        disputes[key] = nil
        failures[key] = nil
    }

    /// Ends a term as the leader. Writes that are not settled stay known.
    mutating func abandon() {
        queue.removeAll()
        waiting.removeAll()
        refused.removeAll()
        refusedUntil = nil
        pausedUntil = nil
        listDue = nil
        failures = [:]
        disputes = [:]
    }

    // MARK: Writes whose outcome is not known

    mutating func wait(for key: ObjectKey, _ phase: Pending.Phase) {
        pending[key]?.phase = phase
        switch phase {
        case .sent: break
        case .unanswered(let until): listDue = .earlier(listDue, until)
        case .outdated(let since): listDue = .earlier(listDue, since.advanced(by: Self.outdatedLimit))
        }
    }

    /// The Services whose writes a list asked for at `sentAt` has settled, ascending.
    func settled(byListSentAt sentAt: Instant) -> [ObjectKey] {
        pending.filter { entry in
            switch entry.value.phase {
            case .sent: false
            case .unanswered(let until): until <= sentAt
            case .outdated(let since): since <= sentAt
            }
        }.keys.sorted()
    }

    /// Plans the next list, if there is still something to learn from one.
    mutating func planList(notBefore earliest: Instant) {
        listDue = nil
        for key in pending.keys {
            guard let phase = pending[key]?.phase else { continue }
            wait(for: key, phase)
        }
        listDue = listDue.map { max($0, earliest) }
    }

    /// When `next` or the next list may have something to offer.
    var nextDeadlines: [Instant] {
        [listDue, pausedUntil, refusedUntil].compactMap { $0 }
    }
}
