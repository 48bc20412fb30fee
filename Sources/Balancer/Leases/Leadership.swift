import KubeWatch
import Wire

/// Who allocates: the Lease `lbd-controller`, written as client-go's leader election writes it.
///
/// A Lease is no fence: a leader that was stopped for a while does not know that another has followed. So a leader acts
/// only until `deadline`, ten seconds after it *sent* the last renewal that succeeded; a follower takes the Lease only when
/// it has not seen it change for fifteen seconds on its own boot clock, then waits as long as a write of the former leader
/// may still be on its way, then lists the Services anew, and only then decides anything.
struct Leadership {
    /// What this daemon is at present.
    enum Role: Hashable {
        /// Another daemon leads, or nobody does.
        case follower
        /// Has the Lease; waits until no write of a former leader can come into effect.
        case settling(until: Instant)
        /// Has the Lease; waits for a list of Services asked for at or after `since`.
        case listing(since: Instant)
        /// Allocates.
        case leader
        /// Has the Lease and decides nothing: another controller allocates.
        case yielding
    }

    /// What the write under way is for.
    private enum Attempt: Hashable {
        case acquire(settling: Bool)
        case renew
        case release
    }

    private let identity: String
    private let key: ObjectKey
    let timing: LeaseTiming
    private let faults: Fault

    private(set) var role = Role.follower
    private var lease: Lease?
    /// When the Lease was last seen to change.
    private var observedAt = Instant.zero
    /// Whether this daemon has known the Lease: one that it never saw was never held, as far as it can tell.
    private var hasSeenLease = false
    /// When the last renewal that succeeded was sent.
    private var renewedAt = Instant.zero
    private var attempt: Attempt?
    private var nextAttempt: Instant?
    private var isRetired = false

    init(_ settings: Settings, timing: LeaseTiming, faults: Fault = []) {
        self.faults = faults
        identity = "\(settings.nodeName)_\(settings.instanceID)"
        key = ObjectKey(namespace: settings.leaseNamespace, name: "lbd-controller")
        self.timing = timing
    }

    var isLeader: Bool { role == .leader }
    var holdsLease: Bool { role != .follower }
    var hasWriteUnderWay: Bool { attempt != nil }
    /// Whether it holds the Lease and does not wait for the last writes of another, a former leader or another controller.
    var isSettled: Bool { isLeader || needsList }

    /// The node that holds the Lease, as far as it is known.
    var holder: String? {
        // What follows the name is the daemon's own.
        lease.map { String($0.holderIdentity.prefix { $0 != "_" }) }.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// Whether `lease` is the one that leaders hold.
    func concerns(_ key: ObjectKey) -> Bool { key == self.key }

    // MARK: The fence

    /// Until when this daemon may act as the holder; nil for a follower.
    var deadline: Instant? {
        holdsLease ? renewedAt.advanced(by: timing.renewDeadline) : nil
    }

    /// Gives up the role where the deadline has passed. Nothing decided before may leave after this.
    mutating func enforceDeadline(in turn: inout Turn) {
        guard let deadline, deadline <= turn.now else { return }
        turn.emit(.dropConnections(reason: "the leader's Lease was last renewed too long ago"))
        stepDown(because: "could not renew the Lease in time", in: &turn)
    }

    private mutating func stepDown(because reason: String, in turn: inout Turn) {
        role = .follower
        plan(in: &turn)
        turn.record(.warning, .leadershipLost, "no longer the leader: \(reason)")
    }

    // MARK: What the watch tells

    mutating func observe(_ new: Lease, in turn: inout Turn) {
        if let lease, new.metadata.isOlder(than: lease.metadata) { return }
        hasSeenLease = true
        let hasChanged = new != lease
        lease = new
        guard hasChanged else { return }
        observedAt = turn.now
        if holdsLease {
            guard new.holderIdentity != identity else { return }
            stepDown(because: "the Lease is held by \"\(new.holderIdentity)\"", in: &turn)
        } else {
            plan(in: &turn)
        }
    }

    mutating func vanished(in turn: inout Turn) {
        lease = nil
        if holdsLease { stepDown(because: "the Lease was deleted", in: &turn) }
        plan(in: &turn)
    }

    /// All lists are complete for the first time: whether there is a Lease is known now.
    mutating func begin(in turn: inout Turn) {
        plan(in: &turn)
    }

    /// When to try to get the Lease next.
    private mutating func plan(in turn: inout Turn) {
        let soon = turn.rng.jittered(.milliseconds(100), by: 1)
        switch lease?.holderIdentity {
        case nil, "", identity: nextAttempt = turn.now.advanced(by: soon)
        default: nextAttempt = observedAt.advanced(by: timing.leaseDuration + soon)
        }
    }

    // MARK: What it does

    /// Does what is due. `isReady` says that this daemon may take part, `isYielding` that another controller allocates. To
    /// follow that one is to follow a former leader: its last writes come into effect first, then the Services are listed.
    mutating func act(isReady: Bool, isYielding: Bool, through outbox: inout Outbox, in turn: inout Turn) {
        if isYielding, holdsLease {
            role = .yielding
        } else if role == .yielding {
            let time = faults.contains(.followsMetalLBAtOnce) ? .zero : timing.requestTimeout
            role = .settling(until: turn.now.advanced(by: time))
        }
        if case .settling(let until) = role, until <= turn.now { role = .listing(since: turn.now) }
        guard isReady, !isRetired, attempt == nil, let due = nextAttempt, due <= turn.now else { return }
        nextAttempt = turn.now.advanced(by: turn.rng.jittered(timing.retryPeriod, by: 0.2))
        if holdsLease {
            renew(through: &outbox, in: &turn)
        } else {
            acquire(through: &outbox, in: &turn)
        }
    }

    private mutating func acquire(through outbox: inout Outbox, in turn: inout Turn) {
        guard var new = lease else {
            attempt = .acquire(settling: hasSeenLease)
            let fresh = Lease(
                metadata: ObjectMeta(key: key), holderIdentity: identity, durationSeconds: durationSeconds)
            outbox.send(.createLease(fresh), for: .controllerLease, in: &turn)
            return
        }
        let expiry = observedAt.advanced(by: timing.leaseDuration)
        let holder = new.holderIdentity
        guard holder.isEmpty || holder == identity || expiry <= turn.now else {
            nextAttempt = expiry
            return
        }
        // Released, it is free at once: whoever releases it has no write under way. Held by an earlier daemon on this node,
        // that one's writes may be.
        let isForgetful = holder == identity && faults.contains(.forgetsFormerWrites)
        attempt = .acquire(settling: !holder.isEmpty && !isForgetful)
        new.holderIdentity = identity
        new.durationSeconds = durationSeconds
        new.transitions += holder == identity ? 0 : 1
        outbox.send(.updateLease(new, acquiring: holder != identity), for: .controllerLease, in: &turn)
    }

    private mutating func renew(through outbox: inout Outbox, in turn: inout Turn) {
        guard let lease else { return }
        attempt = .renew
        outbox.send(.updateLease(lease, acquiring: false), for: .controllerLease, in: &turn)
    }

    private var durationSeconds: Int { Int(timing.leaseDuration.components.seconds) }

    /// Lets the next leader begin without a wait. To be asked for only when no write of this one can come into effect any
    /// more.
    mutating func release(through outbox: inout Outbox, in turn: inout Turn) {
        guard attempt == nil, var lease, holdsLease else { return }
        attempt = .release
        isRetired = true
        role = .follower
        lease.holderIdentity = ""
        lease.durationSeconds = 1
        outbox.send(.updateLease(lease, acquiring: false), for: .controllerLease, in: &turn)
        turn.record(.info, .leadershipLost, "no longer the leader: handed over")
    }

    /// Ends all attempts to get or keep the Lease; `release` may follow.
    mutating func retire() {
        isRetired = true
    }

    /// The Services have been listed with quorum, by a list asked for at `sentAt`. Returns whether this daemon leads
    /// from now on.
    mutating func listed(sentAt: Instant) -> Bool {
        guard case .listing(let since) = role, since <= sentAt else { return false }
        role = .leader
        return true
    }

    /// Whether a list of the Services is needed to go on.
    var needsList: Bool {
        if case .listing = role { true } else { false }
    }

    // MARK: How its writes end

    mutating func finished(_ sent: Outbox.Sent, _ outcome: Outcome, in turn: inout Turn) {
        let attempt = self.attempt
        self.attempt = nil
        switch outcome {
        case .done(let metadata):
            accept(sent.write, metadata, at: turn.now)
            switch attempt {
            case .acquire(let settling): acquired(sentAt: sent.sentAt, settling: settling, in: &turn)
            case .renew where holdsLease: renewedAt = max(renewedAt, sent.sentAt)
            case .renew, .release, nil: break
            }
        case .notFound where holdsLease:
            vanished(in: &turn)
        case .busy(let after?):
            nextAttempt = turn.now.advanced(by: min(after, timing.retryPeriod))
        case .forbidden, .rejected, .notFound:
            nextAttempt = turn.now.advanced(by: turn.rng.jittered(timing.retryPeriod * 2, by: 0.2))
        case .busy, .conflict, .unanswered:
            // The watch will show the newest version; `act` tries again with that.
            break
        }
    }

    /// Takes over what a write made of the Lease, unless the watch has already shown something newer.
    private mutating func accept(_ write: Write?, _ metadata: ObjectMeta?, at now: Instant) {
        guard var written = write?.lease, let metadata else { return }
        if let lease, metadata.isOlder(than: lease.metadata) { return }
        written.metadata = metadata
        // The watch will tell the times that the server keeps; they are compared only with themselves.
        lease = written
        hasSeenLease = true
        observedAt = now
    }

    private mutating func acquired(sentAt: Instant, settling: Bool, in turn: inout Turn) {
        guard let lease, lease.holderIdentity == identity, !isRetired else { return }
        renewedAt = sentAt
        role = settling ? .settling(until: turn.now.advanced(by: timing.requestTimeout)) : .listing(since: turn.now)
        turn.record(.notice, .leadershipGained, "this node is now the leader: it gives Services their addresses")
    }

    /// When `act` or `enforceDeadline` has something to do.
    var nextDeadlines: [Instant] {
        var deadlines = [nextAttempt, deadline].compactMap { $0 }
        if case .settling(let until) = role { deadlines.append(until) }
        return deadlines
    }
}

extension Write {
    /// The Lease that the write creates or updates.
    var lease: Lease? {
        switch self {
        case .createLease(let lease), .updateLease(let lease, _): lease
        default: nil
        }
    }
}
