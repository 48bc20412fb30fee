import KubeWatch
import Wire

/// Which daemons are alive: the Leases `lbd-node-NAME`, of which every daemon renews its own.
///
/// A Lease expires only on evidence: others were heard from, over a live watch, while it stayed silent for longer than its
/// duration. While the API server is away, or the watch is silent, nobody dies, and afterwards each gets a full duration
/// again. This daemon judges itself as the others judge it, by its own Lease.
struct Membership {
    static let leasePrefix = "lbd-node-"
    private static let renewPeriod = Duration.seconds(10)
    private static let durationSeconds = 40
    private static let retryPeriod = Duration.seconds(2)
    /// Somebody renews a Lease each few seconds. A watch that is silent for longer than this has told nothing about
    /// anybody; nor has a process that was stopped for as long.
    private static let silenceLimit = Duration.seconds(25)

    private struct Member {
        var lease: Lease
        var changedAt: Instant
        /// When it changed before this daemon's eyes; what a list shows may be old.
        var renewedAt: Instant?
        var isExpired = false
        var presence: Presence
        var edition: Edition?
    }

    private let nodeName: String
    private let namespace: String
    private var members: [String: Member] = [:]
    private var isWatchLive = false
    private var heardAt: Instant?

    private var published: Presence?
    private var edition: Edition?
    private var isWriting = false
    private var isLeaving = false
    private(set) var hasLeft = false
    private var nextWrite: Instant?

    init(_ settings: Settings) {
        nodeName = settings.nodeName
        namespace = settings.leaseNamespace
    }

    /// The nodes whose daemons are alive, and what they tell about their networks.
    var alive: [String: Presence] {
        members.compactMapValues { $0.isExpired ? nil : $0.presence }
    }

    /// Every daemon that is known, dead ones too, ascending by node: what it tells about its network.
    var all: [(node: String, isAlive: Bool, presence: Presence)] {
        members.sorted { $0.key < $1.key }.map { ($0.key, !$0.value.isExpired, $0.value.presence) }
    }

    /// When the Lease of the node `name` was seen to be renewed last; nil where it never was, or has expired.
    func renewedAt(_ name: String) -> Instant? {
        members[name].flatMap { $0.isExpired ? nil : $0.renewedAt }
    }

    /// Which of the things that the daemon of the node `name` has said about itself its Lease tells; nil for an older daemon's.
    func edition(of name: String) -> Edition? { members[name]?.edition }

    private var ownKey: ObjectKey { ObjectKey(namespace: namespace, name: Self.leasePrefix + nodeName) }

    private func memberName(_ key: ObjectKey) -> String? {
        guard key.namespace == namespace, key.name.hasPrefix(Self.leasePrefix) else { return nil }
        return String(key.name.dropFirst(Self.leasePrefix.count))
    }

    // MARK: What the watch tells

    /// Takes a Lease, of a node or not: each is a sign that the watch lives.
    mutating func observe(_ lease: Lease, in turn: inout Turn) {
        hear(at: turn.now)
        if let name = memberName(lease.metadata.key) { update(name, lease, in: &turn) }
        expire(in: &turn)
    }

    private mutating func hear(at now: Instant) {
        if let heardAt, heardAt.duration(to: now) > Self.silenceLimit { forgive(at: now) }
        heardAt = now
    }

    private mutating func update(_ name: String, _ lease: Lease, in turn: inout Turn) {
        let old = members[name]
        if let old, lease.metadata.isOlder(than: old.lease.metadata) || lease == old.lease { return }
        let text = lease.addresses ?? ""
        members[name] = Member(
            lease: lease, changedAt: turn.now, renewedAt: old == nil ? nil : turn.now, presence: Presence(text),
            edition: Edition(among: text))
        if old?.isExpired ?? true {
            turn.record(.notice, .peerAlive, "node \"\(name)\" is alive", node: name)
        }
    }

    /// Finds those that were silent while others spoke.
    private mutating func expire(in turn: inout Turn) {
        guard isWatchLive, let heardAt else { return }
        for (name, member) in members.sorted(by: { $0.key < $1.key }) where !member.isExpired {
            let limit = Duration.seconds(min(max(member.lease.durationSeconds, 1), 3_600))
            guard member.changedAt.duration(to: heardAt) > limit else { continue }
            members[name]?.isExpired = true
            turn.record(
                .warning, .peerDead,
                "node \"\(name)\" is dead: its Lease was not renewed for \(limit.components.seconds) s",
                node: name)
        }
    }

    /// A Lease was deleted: its daemon has ended in peace. Returns whether the members have changed.
    mutating func vanished(_ key: ObjectKey, in turn: inout Turn) -> Bool {
        hear(at: turn.now)
        guard let name = memberName(key), let member = members.removeValue(forKey: name) else { return false }
        if name == nodeName, !isLeaving { nextWrite = turn.now }
        guard !member.isExpired else { return false }
        turn.record(.notice, .peerDead, "node \"\(name)\" has left", node: name)
        return true
    }

    mutating func interrupted() {
        isWatchLive = false
    }

    mutating func synced(in turn: inout Turn) {
        forgive(at: turn.now)
        heardAt = turn.now
        isWatchLive = true
    }

    /// Gives each member that is not known to be dead its full duration again.
    private mutating func forgive(at now: Instant) {
        for name in members.keys where members[name]?.isExpired == false { members[name]?.changedAt = now }
    }

    // MARK: Its own Lease

    /// All lists are complete for the first time, so this daemon can answer for addresses: it shows itself.
    mutating func begin(in turn: inout Turn) {
        nextWrite = turn.now
    }

    /// What this node's network looks like now, and by which edition the group was told so.
    mutating func publish(_ presence: Presence, edition: Edition?, in turn: inout Turn) {
        guard presence != published else { return }
        published = presence
        self.edition = edition
        if nextWrite != nil { nextWrite = turn.now }
    }

    /// Writes its own Lease, if that is due.
    mutating func act(through outbox: inout Outbox, in turn: inout Turn) {
        guard !isWriting, let due = nextWrite, due <= turn.now else { return }
        isWriting = true
        nextWrite = turn.now.advanced(by: turn.rng.jittered(Self.renewPeriod, by: 0.05))
        guard var lease = members[nodeName]?.lease else {
            guard !isLeaving else { return leave() }
            outbox.send(.createLease(described(Lease(metadata: ObjectMeta(key: ownKey)))), for: .nodeLease, in: &turn)
            return
        }
        if isLeaving {
            outbox.send(.deleteLease(lease.metadata), for: .nodeLease, in: &turn)
            return
        }
        let isAcquiring = lease.holderIdentity != nodeName
        lease.transitions += isAcquiring && !lease.holderIdentity.isEmpty ? 1 : 0
        outbox.send(.updateLease(described(lease), acquiring: isAcquiring), for: .nodeLease, in: &turn)
    }

    private func described(_ lease: Lease) -> Lease {
        var lease = lease
        lease.holderIdentity = nodeName
        lease.durationSeconds = Self.durationSeconds
        lease.addresses = annotation
        return lease
    }

    /// What the Lease is to tell of this node's network.
    private var annotation: String? {
        published.map { presence in
            let words = [presence.text, edition?.text ?? ""].filter { !$0.isEmpty }
            return words.joined(separator: ",")
        }
    }

    /// Deletes its own Lease, so that the others take over at once.
    mutating func leave(in turn: inout Turn) {
        isLeaving = true
        nextWrite = turn.now
    }

    private mutating func leave() {
        isWriting = false
        nextWrite = nil
        hasLeft = true
    }

    mutating func finished(_ sent: Outbox.Sent, _ outcome: Outcome, in turn: inout Turn) {
        isWriting = false
        if case .deleteLease = sent.write, outcome.isDone || outcome == .notFound { return leave() }
        if isLeaving {
            nextWrite = turn.now.advanced(by: .milliseconds(50))
            if case .done(let metadata?) = outcome, sent.write?.lease != nil { adopt(metadata) }
            return
        }
        switch outcome {
        case .done(let metadata):
            if let metadata { adopt(metadata) }
            // The network has changed while the write was under way.
            if sent.write?.lease?.addresses != annotation { nextWrite = turn.now }
        case .busy(let after?):
            nextWrite = turn.now.advanced(by: min(after, Self.renewPeriod))
        case .conflict, .unanswered, .busy(nil):
            nextWrite = turn.now.advanced(by: turn.rng.jittered(Self.retryPeriod, by: 0.2))
        case .forbidden:
            nextWrite = turn.now.advanced(by: turn.rng.jittered(Self.retryPeriod * 2, by: 0.2))
        case .notFound, .rejected:
            break
        }
    }

    /// The next write's base, if the watch has not shown it yet. What the members are is the watch's alone to say.
    private mutating func adopt(_ metadata: ObjectMeta) {
        guard let known = members[nodeName]?.lease.metadata, known.isOlder(than: metadata) else { return }
        members[nodeName]?.lease.metadata = metadata
    }

    var nextDeadline: Instant? { isWriting ? nil : nextWrite }
}

extension Outcome {
    var isDone: Bool {
        if case .done = self { true } else { false }
    }
}
