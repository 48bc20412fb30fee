import KubeWatch
import Wire

/// The Secret that the gossip is encrypted with: whoever leads makes it where it is missing, as MetalLB's controller does.
struct GossipSecret {
    /// Whoever deletes it may be about to put another in its place.
    private static let grace = Duration.seconds(10)
    private static let retryPeriod = Duration.seconds(10)

    private let key: ObjectKey?
    private var isThere = false
    private var isWriting = false
    /// When to make it; nil while it is there, or not known to be missing.
    private var dueAt: Instant?

    /// The Secret `key`; nil where there is none to care for.
    init(_ key: ObjectKey?) {
        self.key = key
    }

    mutating func appeared() {
        isThere = true
        dueAt = nil
    }

    mutating func vanished(at now: Instant) {
        isThere = false
        dueAt = now.advanced(by: Self.grace)
    }

    /// It is known whether it is there.
    mutating func synced(at now: Instant) {
        if !isThere, dueAt == nil { dueAt = now }
    }

    /// Has it made where that is due. Of all nodes the one that holds the leader's Lease is to ask for this.
    mutating func create(through outbox: inout Outbox, in turn: inout Turn) {
        guard let key, let dueAt, dueAt <= turn.now, !isWriting else { return }
        isWriting = true
        self.dueAt = turn.now.advanced(by: Self.retryPeriod)
        outbox.createSecret(key, in: &turn)
    }

    /// The write has ended: the watch shows what there is now.
    mutating func finished(_ outcome: Outcome, at now: Instant) {
        isWriting = false
        if !isThere { dueAt = now.advanced(by: Self.retryPeriod) }
    }

    var nextDeadline: Instant? { isWriting ? nil : dueAt }
}
