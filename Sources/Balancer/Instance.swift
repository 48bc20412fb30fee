import KubeWatch
import SWIM
public import Wire

/// The daemon's whole decision-making: which Service gets which address, and which addresses this node answers for.
///
/// Every event runs through the same steps: the fence of leadership first; then the part that the event concerns takes it;
/// then every part does what is due, each a value of its own that knows nothing of the others. Here is only what ties
/// them together: `Instance+Election` for who takes part, `Instance+Allocation` for what the leader does,
/// `Instance+Announcement` for what each node does, `Instance+Speaking` for what they tell routers, `Instance+Ownership`
/// for what they tell each other, `Instance+Departure` for the end, `Instance+Inheritance` for what outlasts it.
public struct Instance: Sendable {
    let settings: Settings
    let faults: Fault
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
    var ownership: Ownership
    var isolation = Isolation()
    var inspection = Inspection()
    var reputation = Reputation()
    var survey = Survey()
    var recollection = Recollection()
    var acquaintances = Acquaintances()
    var succession = Succession()
    var speaker = Speaker()
    /// What the daemon before this one told routers, until this one has begun.
    var inheritedRoutes: Inheritance.Routed?
    var gossipSecret: GossipSecret
    var departure: Departure?

    /// The number of Services that are ours to serve.
    var serviceCount = 0
    /// Whether all lists were complete once, and this daemon takes part.
    var hasBegun = false
    /// Whether the kernel's first list of interfaces is here.
    private(set) var hasLinks = false
    var isExclusionIgnored = false
    var isNodeUnknown = false
    /// The ConfigMap whose refusal has been told in a Kubernetes Event.
    var toldConfigMap: ObjectMeta?
    /// Who is alive, as the last election had it.
    var roster = Roster()
    var told = ToldOwnership()
    private var lastBeating: [UInt32] = []
    var lastWatched: [UInt32] = []
    /// The addresses that the kernel's filters let through; nil before there are pools.
    var lastListened: [AddressRange]?
    private var lastStatus: StatusLine?
    private var lastWake: Instant?
    private var isOver = false

    /// The Balancer of one node, before its first event.
    public init(_ settings: Settings) {
        self.init(settings, timing: LeaseTiming())
    }

    /// The Balancer of one node with other figures for its leadership, and with mistakes: a simulation takes the fence away
    /// to see that the lack is found.
    package init(_ settings: Settings, timing: LeaseTiming, faults: Fault = []) {
        self.settings = settings
        self.faults = faults
        leadership = Leadership(settings, timing: timing, faults: faults)
        membership = Membership(settings)
        gossip = Gossip(nodeName: settings.nodeName)
        ownership = Ownership(
            nodeName: settings.nodeName, question: UInt32(truncatingIfNeeded: settings.instance),
            failsBack: settings.election.failsBack, faults: faults)
        gossipSecret = GossipSecret(settings.gossipSecret)
    }

    /// Takes one event and says what to do about it.
    public mutating func handle(_ event: Event, at now: Instant, using rng: inout PRNG) -> [Directive] {
        guard !isOver else { return [] }
        var turn = Turn(at: now, using: rng)
        book.vacancies.now = now
        let wasLeader = leadership.isLeader
        leadership.enforceDeadline(in: &turn)
        // Before anything is made of an event that has waited, or of a limit that passed meanwhile.
        if let due = lastWake { noticeAbsence(of: due.duration(to: now), in: &turn) }
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
            if !faults.contains(.trustsLeasesAlone) || report == .hasLeft { gossip.take(report, in: &turn) }
            heed(report, in: &turn)
            noticeSilence(after: report, in: &turn)
            elect(in: &turn)
        case .heartbeat(let report):
            if !faults.contains(.trustsLeasesAlone) { gossip.take(report, in: &turn) }
            heed(report, in: &turn)
            noticeSilence(after: report, in: &turn)
            elect(in: &turn)
        case .gateways(let gateways):
            note(gateways)
            take(gateways, in: &turn)
        case .asked(let report):
            take(report, in: &turn)
            inspect(report, in: &turn)
            meet(report, in: &turn)
        case .vendor(let station, let name):
            acquaintances.note(vendor: name, of: station)
        case .probed(let report):
            take(report, in: &turn)
        case .posted(let bytes):
            takePosted(bytes, in: &turn)
        case .peering(let report):
            speaker.take(report, in: &turn)
        case .links(let links):
            let new = Reach(links)
            guard new != reach && !faults.contains(.ignoresLinks) || !hasLinks else { return }
            let isBack = hasLinks && !new.isCovered(by: reach)
            hasLinks = true
            reach = new
            survey.linksChanged(at: turn.now)
            noteNetworks()
            followNetworks(in: &turn)
            noteObstacles()
            if isBack { noticeReturn(in: &turn) }
            elect(in: &turn)
            markAll()
        case .timer:
            // Where it came a little early, it is asked for again.
            lastWake = nil
        case .stop:
            beginDeparture(in: &turn)
        case .restart:
            announcer.save(atOnce: true, in: &turn)
            turn.emit(.heartbeat(.pause(Inheritance.gap)))
            if !speaker.peerings.isEmpty { turn.emit(.speak(.pause)) }
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
            if node.metadata.key.name == settings.nodeName { choosePeers(in: &turn) }
        case .lease(let lease):
            if leadership.concerns(lease.metadata.key) { leadership.observe(lease, in: &turn) }
            membership.observe(lease, in: &turn)
            // A mere renewal shows that a node lives whose gossip does not reach this one.
            elect(in: &turn)
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

    // MARK: What is due

    /// Lets every part do what is due.
    private mutating func act(in turn: inout Turn) {
        connection.act(in: &turn)
        refusals.act(in: &turn)
        if departure == nil {
            leadership.act(isReady: mayLead, isYielding: isYielding, through: &outbox, in: &turn)
            metalLB.tell(isHolder: leadership.holdsLease && settings.allocation == .auto, in: &turn)
            recollect(in: &turn)
            lookAround(in: &turn)
            relist(in: &turn)
            assign(in: &turn)
            tellConfigMap()
            if leadership.holdsLease { gossipSecret.create(through: &outbox, in: &turn) }
        }
        askGateways(in: &turn)
        inspect(in: &turn)
        if gossip.forgetStrangers(at: turn.now) { elect(in: &turn) }
        if ownership.takeRecheck(at: turn.now) { recheck(in: &turn) }
        announce(in: &turn)
        if departure == nil { probeAhead(in: &turn) }
        lookForWithdrawn(in: &turn)
        // Whose routes the peers have kept over a restart is not to be told that there are none.
        let maySpeak = hasBegun ? roster.alive[settings.nodeName] != nil : inheritedRoutes != nil
        if configuration.pools != nil, maySpeak { speaker.tell(in: &turn) }
        beat(in: &turn)
        membership.act(through: &outbox, in: &turn)
        events.flush(through: &outbox, in: &turn)
        announcer.save(in: &turn)
        depart(in: &turn)
    }

    /// Tells the group and the network what this node is and answers for.
    private mutating func beat(in turn: inout Turn) {
        tellGroup(in: &turn)
        if hasLinks { membership.publish(leasePresence, edition: gossip.edition, in: &turn) }
        gossip.setPace(in: &turn)
        // Where the last claim was, the others are to hear that there is none any more.
        let interfaces = announcer.countByInterface.keys.sorted()
        if !interfaces.isEmpty, interfaces != lastBeating {
            lastBeating = interfaces
            turn.emit(.beat(on: interfaces))
        }
        tellOwnership(in: &turn)
        watch(in: &turn)
    }

    /// Tells the group about this node, where that has changed.
    mutating func tellGroup(in turn: inout Turn) {
        // Before it has begun it answers for what the daemon before it had, or knew.
        let isAlive =
            hasBegun ? roster.alive[settings.nodeName] != nil : takesPart || !announcer.current.isEmpty
        gossip.tell(
            Metadata(instance: settings.instance, takesPart: isAlive && departure == nil, presence: presence), in: &turn
        )
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
        let deadline = nextDeadline(after: turn.now)
        guard deadline != lastWake else { return }
        lastWake = deadline
        if let deadline { turn.emit(.wake(at: deadline)) }
    }

    /// When the next part has something to do. What is due and was not done just now waits for something else than time.
    private func nextDeadline(after now: Instant) -> Instant? {
        let others = [
            connection.nextDeadline, refusals.nextDeadline, membership.nextDeadline, announcer.nextDeadline,
            events.nextDeadline, relistPause, gossipSecret.nextDeadline, ownership.nextDeadline, told.nextDeadline,
            gossip.nextDeadline, isolation.nextDeadline, inspection.dueAt, survey.dueAt,
            recollection.nextDeadline, looksForVacancies ? book.vacancies.dueAt : nil,
            leadership.isLeader ? succession.reviewDue : nil,
        ].compactMap { $0 }
        return (leadership.nextDeadlines + assignments.nextDeadlines + (departure?.deadlines ?? []) + others).filter {
            $0 > now
        }.min()
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
