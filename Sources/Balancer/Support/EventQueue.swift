import KubeWatch
import Wire

/// The Kubernetes Events that wait to be written: at most 1,024, at most 500 in a burst and 50 a second for long. They are
/// for people to read; one too many, or one that the server refuses, is dropped.
struct EventQueue {
    private static let waitingLimit = 1_024
    private static let burst = 500
    private static let interval = Duration.milliseconds(20)

    private struct Waiting {
        var event: EventRecord
        var isRepeated: Bool
    }

    private var waiting: [Waiting] = []
    private var head = 0
    /// Every Event sent moves this on by `interval`; how far it lies behind the present is what the burst has left.
    private var paidUntil: Instant?
    private var pausedUntil: Instant?
    /// The Events that were sent a second time; a third time is not tried.
    private var repeated: Set<EventRecord> = []

    mutating func append(_ event: EventRecord) {
        append(Waiting(event: event, isRepeated: false))
    }

    private mutating func append(_ entry: Waiting) {
        guard waiting.count - head < Self.waitingLimit else { return }
        waiting.append(entry)
    }

    /// Sends what may leave now.
    mutating func flush(through outbox: inout Outbox, in turn: inout Turn) {
        guard head < waiting.count, !isHeld(at: turn.now) else { return }
        pausedUntil = nil
        let floor = turn.now.advanced(by: Self.interval * -Self.burst)
        var paid = max(paidUntil ?? floor, floor)
        while head < waiting.count, outbox.hasRoomForEvent, paid.advanced(by: Self.interval) <= turn.now {
            let entry = waiting[head]
            head += 1
            paid = paid.advanced(by: Self.interval)
            if entry.isRepeated { repeated.insert(entry.event) }
            outbox.send(.event(entry.event), for: .event, in: &turn)
        }
        paidUntil = paid
        if head == waiting.count {
            waiting = []
            head = 0
        }
    }

    private func isHeld(at now: Instant) -> Bool {
        pausedUntil.map { now < $0 } ?? false
    }

    mutating func finished(_ event: EventRecord, _ outcome: Outcome, in turn: inout Turn) {
        let wasRepeated = repeated.remove(event) != nil
        guard case .busy(let after) = outcome, !wasRepeated else { return }
        pausedUntil = turn.now.advanced(by: after ?? .seconds(1))
        append(Waiting(event: event, isRepeated: true))
    }

    /// When to flush next.
    var nextDeadline: Instant? {
        guard head < waiting.count else { return nil }
        let payable = paidUntil?.advanced(by: Self.interval)
        guard let payable, let pausedUntil else { return payable ?? pausedUntil }
        return max(payable, pausedUntil)
    }
}
