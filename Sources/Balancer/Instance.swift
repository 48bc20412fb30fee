import KubeWatch
import SWIM
public import Wire

/// The daemon's whole decision-making: which Service gets which address, and which addresses this node answers for.
///
/// Every event runs through the same steps: the fence of leadership first; then the part that the event concerns takes it;
/// then every part does what is due, each a value of its own that knows nothing of the others. Here is only what ties
/// them together: `Instance+Allocation` for what the leader does, `Instance+Announcement` for what each node does,
/// `Instance+Departure` for the end, `Instance+Inheritance` for what outlasts it.
public struct Instance: Sendable {
    let settings: Settings
    var cluster = Cluster()
    var configuration = Configuration()
    var leadership: Leadership
    var membership: Membership
    var book = AddressBook()
    var assignments = Assignments()
    var election = Election()
    var reach = Reach()
    var announcer = Announcer()
    var outbox = Outbox()
    var events = EventQueue()
    var connection = Connection()
    var refusals = Refusals()
    var metalLB = MetalLB()
    var gossip: Gossip
    var gossipSecret: GossipSecret
    var departure: Departure?

    /// The number of Services that are ours to serve.
    var serviceCount = 0
    /// Whether all lists were complete once, and this daemon takes part.
    var hasBegun = false
    /// Whether the kernel's first list of interfaces is here.
    private(set) var hasLinks = false
    private(set) var isExclusionIgnored = false
    var isNodeUnknown = false
    /// The ConfigMap whose refusal has been told in a Kubernetes Event.
    private var toldConfigMap: ObjectMeta?
    private var lastListened: [AddressRange]?
    private var lastStatus: StatusLine?
    private var lastWake: Instant?
    private var isOver = false

    /// The Balancer of one node, before its first event.
    public init(_ settings: Settings) {
        self.init(settings, timing: LeaseTiming())
    }

    /// The Balancer of one node with other figures for its leadership: a simulation takes the fence away to see that the
    /// lack is found.
    package init(_ settings: Settings, timing: LeaseTiming) {
        self.settings = settings
        leadership = Leadership(settings, timing: timing)
        membership = Membership(settings)
        gossip = Gossip(nodeName: settings.nodeName)
        gossipSecret = GossipSecret(settings.gossipSecret)
    }

    /// Takes one event and says what to do about it.
    public mutating func handle(_ event: Event, at now: Instant, using rng: inout PRNG) -> [Directive] {
        guard !isOver else { return [] }
        var turn = Turn(at: now, using: rng)
        let wasLeader = leadership.isLeader
        leadership.enforceDeadline(in: &turn)
        take(event, in: &turn)
        if !isOver { act(in: &turn) }
        if wasLeader, !leadership.isLeader, departure == nil { assignments.abandon() }
        if !isOver { report(in: &turn) }
        rng = turn.rng
        return turn.directives
    }

    private mutating func take(_ event: Event, in turn: inout Turn) {
        switch event {
        case .started(let saved, let inheritance):
            if let saved { announcer.restore(saved) }
            turn.record(.notice, .started, "started on node \"\(settings.nodeName)\"", node: settings.nodeName)
            if let inheritance { take(inheritance, in: &turn) }
        case .pools(let pools, let source):
            if configuration.read(pools, from: source) { considerPools(in: &turn) }
        case .poolsRefused(let problem, let source):
            guard configuration.refuse(problem, from: source) else { return }
            turn.record(.error, .poolsRefused, "the pools stay as they were: \(problem)")
        case .change(let change):
            take(change, in: &turn)
        case .wrote(let id, let outcome):
            guard let sent = outbox.finish(id) else { return }
            finished(sent, outcome, in: &turn)
        case .gossip(let report):
            gossip.take(report, in: &turn)
        case .links(let links):
            let new = Reach(links)
            guard new != reach || !hasLinks else { return }
            hasLinks = true
            reach = new
            membership.publish(reach.presence, in: &turn)
            announcer.mark(announcer.current.keys)
            if hasBegun { announcer.mark(book.addresses) }
        case .timer:
            // Where it came a little early, it is asked for again.
            lastWake = nil
        case .stop:
            beginDeparture(in: &turn)
        case .restart:
            announcer.save(atOnce: true, in: &turn)
            turn.emit(.bequeath(inheritance(at: turn.now)))
            end(in: &turn)
        }
    }

    private mutating func take(_ change: Change, in turn: inout Turn) {
        switch change {
        case .upserted(let object):
            upserted(object, in: &turn)
        case .deleted(let kind, let key):
            deleted(kind, key, in: &turn)
        case .synced(let kind):
            cluster.synced(kind)
            refusals.synced(kind)
            if kind == .lease { membership.synced(in: &turn) }
            if kind == .service { considerPools(in: &turn) }
            if kind == .pod { metalLB.synced() }
            if kind == .secret { gossipSecret.synced(at: turn.now) }
            if cluster.isAnswered { connection.restored(in: &turn) }
            if cluster.isComplete, !hasBegun { begin(in: &turn) }
        case .interrupted(let kind, let reason):
            cluster.interrupted(kind)
            if kind == .lease { membership.interrupted() }
            if Cluster.neededKinds.contains(kind) { connection.broken(reason, at: turn.now) }
        case .forbidden(let kind, let message):
            cluster.forbidden(kind)
            if kind == .lease { membership.interrupted() }
            if kind == .pod { metalLB.forbidden() }
            if cluster.isAnswered { connection.restored(in: &turn) }
            refusals.forbidden(kind, message, at: turn.now)
        case .metalLBResources(let areServed):
            metalLB.discovered(resources: areServed, settings, in: &turn)
        }
    }

    private mutating func upserted(_ object: Object, in turn: inout Turn) {
        switch object {
        case .service(let service):
            take(service, in: &turn)
        case .endpointSlice(let slice):
            for key in cluster.update(slice) { markAddresses(of: key) }
        case .node(let node):
            if cluster.update(node) { elect(in: &turn) }
        case .lease(let lease):
            if leadership.concerns(lease.metadata.key) { leadership.observe(lease, in: &turn) }
            if membership.observe(lease, in: &turn) { elect(in: &turn) }
        case .pod(let pod):
            metalLB.update(pod)
        case .secret:
            gossipSecret.appeared()
        case .configMap:
            break
        }
    }

    private mutating func deleted(_ kind: Kind, _ key: ObjectKey, in turn: inout Turn) {
        switch kind {
        case .service:
            removeService(key, in: &turn)
        case .endpointSlice:
            if let service = cluster.removeSlice(key) { markAddresses(of: service) }
        case .node:
            if cluster.removeNode(key.name) { elect(in: &turn) }
        case .lease:
            if leadership.concerns(key) { leadership.vanished(in: &turn) }
            if membership.vanished(key, in: &turn) { elect(in: &turn) }
        case .configMap:
            configuration.configMapVanished()
        case .pod:
            metalLB.removePod(key)
        case .secret:
            gossipSecret.vanished(at: turn.now)
        }
    }

    private mutating func finished(_ sent: Outbox.Sent, _ outcome: Outcome, in turn: inout Turn) {
        refusals.note(sent.errand, outcome, at: turn.now)
        switch (sent.errand, sent.write) {
        case (.controllerLease, _):
            leadership.finished(sent, outcome, in: &turn)
        case (.nodeLease, _):
            membership.finished(sent, outcome, in: &turn)
        case (.relist, _):
            relisted(sent, outcome, in: &turn)
        case (.status(let key), .serviceStatus(let base, let ingress)):
            statusWritten(key, base: base, ingress: ingress, outcome, in: &turn)
        case (.secret, _):
            gossipSecret.finished(outcome, at: turn.now)
        case (.event, .event(let event)):
            events.finished(event, outcome, in: &turn)
        case (.status, _), (.event, _):
            break
        }
    }

    /// All lists are complete for the first time: this daemon takes part from now on.
    private mutating func begin(in turn: inout Turn) {
        hasBegun = true
        leadership.begin(in: &turn)
        membership.begin(in: &turn)
        elect(in: &turn)
        announcer.mark(book.addresses)
        announcer.mark(announcer.current.keys)
    }

    /// Judges the nodes anew, after a change of Nodes or of their daemons.
    private mutating func elect(in turn: inout Turn) {
        guard hasBegun else { return }
        let new = Election(nodes: cluster.nodes, alive: membership.alive)
        if new != election {
            election = new
            announcer.mark(book.addresses)
        }
        let isIgnored = Election.isExclusionIgnored(cluster.nodes)
        if isIgnored, !isExclusionIgnored {
            turn.record(
                .notice, .exclusionIgnored,
                "every node bears the label node.kubernetes.io/exclude-from-external-load-balancers: it is ignored")
        }
        isExclusionIgnored = isIgnored
        let isUnknown = cluster.nodes[settings.nodeName] == nil
        if isUnknown, !isNodeUnknown {
            turn.record(
                .error, .nodeUnknown,
                "no Node is named \"\(settings.nodeName)\": set `node` in lbd.yaml to this node's name in `kubectl get nodes`",
                node: settings.nodeName)
        }
        isNodeUnknown = isUnknown
    }

    // MARK: Pools

    /// Decides about the newest configuration that was read.
    mutating func considerPools(in turn: inout Turn) {
        guard configuration.hasCandidate else { return }
        let services = cluster.services.values.filter(isOurs)
        let verdict = configuration.consider(services: cluster.isListed(.service) ? services : nil)
        switch verdict {
        case .unchanged:
            break
        case .refused(let problem):
            turn.record(.error, .poolsRefused, "the pools stay as they were: \(problem)")
        case .adopted(let mirror):
            if let mirror { turn.emit(.mirror(text: mirror)) }
            guard let pools = configuration.pools, pools != book.pools || lastListened == nil else { return }
            adopt(pools, in: &turn)
        }
    }

    private mutating func adopt(_ pools: Pools, in turn: inout Turn) {
        book.adopt(pools)
        let ranges = pools.pools.flatMap(\.ranges).sorted()
        if ranges != lastListened {
            lastListened = ranges
            turn.emit(.listen(for: ranges))
        }
        let names = pools.pools.map(\.name).joined(separator: ", ")
        turn.record(.notice, .poolsInForce, names.isEmpty ? "there are no pools" : "pools in force: \(names)")
        assignments.disputes = [:]
        announcer.mark(announcer.current.keys)
        if hasBegun { announcer.mark(book.addresses) }
        if leadership.isLeader { queueAllServices() }
    }

    // MARK: What is due

    /// Lets every part do what is due.
    private mutating func act(in turn: inout Turn) {
        connection.act(in: &turn)
        refusals.act(in: &turn)
        if departure == nil {
            leadership.act(isReady: mayLead, isYielding: isYielding, through: &outbox, in: &turn)
            metalLB.tell(isHolder: leadership.holdsLease && settings.allocation == .auto, in: &turn)
            relist(in: &turn)
            assign(in: &turn)
            tellConfigMap()
            if leadership.holdsLease { gossipSecret.create(through: &outbox, in: &turn) }
        }
        membership.act(through: &outbox, in: &turn)
        announce(in: &turn)
        events.flush(through: &outbox, in: &turn)
        announcer.save(in: &turn)
        depart(in: &turn)
    }

    /// Has the leader tell once of each ConfigMap that is refused.
    private mutating func tellConfigMap() {
        guard leadership.holdsLease, let problem = configuration.problem, let configMap = configuration.configMap,
            configMap != toldConfigMap
        else { return }
        toldConfigMap = configMap
        events.append(
            EventRecord(
                kind: .configMap, object: configMap, level: .warning, reason: "PoolsRefused",
                message: "The pools stay as they were: \(problem)"))
    }

    /// Ends: nothing follows.
    mutating func end(in turn: inout Turn) {
        isOver = true
        turn.emit(.exit)
    }

    // MARK: What the Shell is told at the end of each event

    private mutating func report(in turn: inout Turn) {
        let status = statusLine
        if status != lastStatus {
            lastStatus = status
            turn.emit(.status(status.text))
        }
        guard let deadline = nextDeadline(after: turn.now), deadline != lastWake else { return }
        lastWake = deadline
        turn.emit(.wake(at: deadline))
    }

    /// When the next part has something to do. What is due and was not done just now waits for something else than time.
    private func nextDeadline(after now: Instant) -> Instant? {
        let others = [
            connection.nextDeadline, refusals.nextDeadline, membership.nextDeadline, announcer.nextDeadline,
            events.nextDeadline, relistPause, gossipSecret.nextDeadline,
        ].compactMap { $0 }
        return (leadership.nextDeadlines + assignments.nextDeadlines + (departure?.deadlines ?? []) + others).filter {
            $0 > now
        }.min()
    }

    private var statusLine: StatusLine {
        var line = StatusLine()
        line.problems = problems
        line.announcedCount = announcer.serviceCount
        line.serviceCount = serviceCount
        line.interfaces = announcer.countByInterface.keys.compactMap { reach.name(of: $0) }.sorted()
        line.pools = configuration.pools.map { pools in
            pools.pools.indices.map { index in
                StatusLine.PoolUse(
                    name: pools.pools[index].name, used: book.usedCounts[index], total: book.capacities[index])
            }
        }
        line.aliveCount = membership.aliveCount
        return line
    }

    /// What is wrong, the worst first.
    var problems: [String] {
        var problems: [String] = []
        if departure != nil { problems.append("stopping") }
        let refused = refusals.problems
        if let problem = connection.problem(isWaiting: !cluster.isComplete && refused.isEmpty) {
            problems.append(problem)
        }
        if hasLinks, let problem = reach.problem { problems.append(problem) }
        problems += refused
        if let problem = configuration.problem {
            problems.append("new pools refused: \(problem)")
        }
        if configuration.pools?.pools.isEmpty ?? true {
            problems.append("no pools: create the ConfigMap \(settings.configMap) or write \(settings.poolsPath)")
        }
        if metalLB.hasResources {
            problems.append("MetalLB's custom resources are not read: lbd uses the ConfigMap \(settings.configMap)")
        }
        if leadership.role == .yielding, let controller = metalLB.controller {
            problems.append("MetalLB's controller keeps giving the addresses (pod \(controller))")
        }
        let leftAlone = assignments.leftAloneCount
        if leftAlone > 0 {
            problems.append(
                "another controller writes the status of \(leftAlone) service\(leftAlone == 1 ? "" : "s"): see the journal"
            )
        }
        if isNodeUnknown {
            problems.append("no Node is named \"\(settings.nodeName)\": set `node` in lbd.yaml")
        }
        return problems
    }

    // MARK: The relist

    /// Not before this is another list asked for, after one that failed.
    var relistPause: Instant?

    /// Asks for a quorum list where one is due: a new leader's, or one that shows what became of writes.
    private mutating func relist(in turn: inout Turn) {
        guard !outbox.isRelisting else { return }
        if let relistPause, turn.now < relistPause { return }
        relistPause = nil
        let isDue = leadership.isLeader && assignments.listDue.map { $0 <= turn.now } ?? false
        guard leadership.needsList || isDue else { return }
        outbox.send(.relistServices, for: .relist, in: &turn)
    }
}
