import KubeWatch
import NetLink
import Wire

@testable import Balancer

/// What a run is made of, besides its seed.
struct Scenario {
    /// The figures of leadership that all daemons use.
    var timing = LeaseTiming()
    /// Whether a write may come into effect long after its sender's time-out. Without, it does within five seconds of
    /// leaving the process, or never.
    var hasLateWrites = false
    /// Whether MetalLB's controller comes and goes.
    var hasMetalLB = false
    /// How long faults happen.
    var turmoil = Duration.seconds(45)
    /// How long none happen afterwards, before all has to be well.
    var peace = Duration.seconds(45)
}

/// Several daemons, one API server, and all that may go wrong between them, from one seed.
struct World {
    /// What may happen.
    enum Happening {
        /// A watch tells, or a write's outcome comes back.
        case tell(Int, process: Int, stream: (Kind, Int)?, Event)
        /// A version of an object that was told before comes again, as when a list overtakes a watch.
        case tellAgain(Int, process: Int, stream: (Kind, Int), Event)
        case flush(Int, process: Int, Daemon.Outgoing)
        case arrive(Int, process: Int, Daemon.Outgoing, isAnswered: Bool)
        case answer(Int, process: Int, WriteID, Outcome)
        case timeOut(Int, process: Int, Daemon.Outgoing)
        case timer(Int, process: Int, generation: Int)
        case list(Int, process: Int, connection: Int, Kind)
        case start(Int)
        case thaw(Int)
        case link(Int, isUp: Bool)
        /// Something is about to go wrong.
        case trouble
        case mischief(Mischief, Int)
        case churn
        case metalLB(MetalLBStep)
    }

    static let requestTimeout = Duration.seconds(5)

    let scenario: Scenario
    var rng: PRNG
    var now = Instant.zero
    var schedule = Schedule<Happening>()
    var server = APIServer()
    var daemons: [Daemon]
    var checker = Checker()
    var isPeaceful = false
    var lastService = 0
    var metalLB = MetalLBState.absent
    /// A digest of all that happened.
    private(set) var trace: UInt64 = 0xCBF2_9CE4_8422_2325
    private(set) var stepCount = 0

    init(seed: UInt64, _ scenario: Scenario = Scenario()) {
        self.scenario = scenario
        rng = PRNG(seed: seed)
        daemons = (0..<Int.random(in: 3...5, using: &rng)).map(Daemon.init)
        for daemon in daemons {
            _ = server.put(Node(metadata: ObjectMeta(key: ObjectKey(namespace: "", name: daemon.name))))
        }
        _ = server.put(Self.pools(rangeCount: 1))
        for _ in 0..<Int.random(in: 0...6, using: &rng) { createService() }
        for index in daemons.indices { plan(.start(index), within: .seconds(3)) }
        plan(.trouble, within: .seconds(8))
        plan(.churn, within: .seconds(5))
        if scenario.hasMetalLB { plan(.metalLB(.starts), within: .seconds(10)) }
    }

    /// What the daemons watch.
    var kinds: [Kind] {
        [.service, .endpointSlice, .node, .configMap, .lease] + (scenario.hasMetalLB ? [.pod] : [])
    }

    /// The address ranges that the ConfigMap has had by now; they only grow.
    static func pools(rangeCount: Int) -> Pools {
        let ranges = (0..<rangeCount).compactMap { index in
            Prefix("192.168.1.\(128 + 16 * index)/28")?.range
        }
        return Pools(pools: [Pool(name: "home", ranges: ranges)])
    }

    /// Runs to the end. What was found wrong is in `checker`.
    mutating func run() {
        let turmoilEnd = Instant.zero.advanced(by: scenario.turmoil)
        run(until: turmoilEnd)
        makePeace()
        run(until: turmoilEnd.advanced(by: scenario.peace))
        checker.checkConvergence(of: daemons, server, at: now)
    }

    private mutating func run(until end: Instant) {
        while checker.violation == nil, stepCount < 200_000, let (at, happening) = schedule.next() {
            guard at <= end else {
                schedule.add(happening, at: at)
                break
            }
            now = at
            stepCount += 1
            happen(happening)
            mix(UInt64(bitPattern: now.nanoseconds))
            mix(UInt64(server.revision))
            if let duplicate = checker.firstDuplicate {
                if !scenario.hasLateWrites {
                    checker.require(false, duplicate, at: now)
                } else if isPeaceful {
                    let hasLeader = daemons.contains { $0.balancer?.leadership.isLeader ?? false }
                    checker.checkRepair(of: server, hasLeader: hasLeader, at: now)
                }
            }
        }
        now = end
    }

    mutating func mix(_ value: UInt64) {
        trace = (trace ^ value) &* 0x0000_0100_0000_01B3
    }

    // MARK: Chance

    mutating func chance(_ percent: Int) -> Bool {
        !isPeaceful && Int.random(in: 0..<100, using: &rng) < percent
    }

    mutating func duration(within limit: Duration) -> Duration {
        .nanoseconds(Int64.random(in: 1...max(1, limit.nanoseconds), using: &rng))
    }

    mutating func plan(_ happening: Happening, within limit: Duration) {
        schedule.add(happening, at: now.advanced(by: duration(within: limit)))
    }

    /// How long a message takes.
    mutating func latency() -> Duration {
        if isPeaceful { return duration(within: .milliseconds(5)) }
        return switch Int.random(in: 0..<100, using: &rng) {
        case 0..<2: duration(within: .seconds(3))
        case 2..<12: duration(within: .milliseconds(500))
        default: duration(within: .milliseconds(20))
        }
    }

    // MARK: What happens

    private mutating func happen(_ happening: Happening) {
        switch happening {
        case .tell(let index, let process, let stream, let event):
            guard daemons[index].process == process else { return }
            if let (kind, number) = stream, daemons[index].streams[kind] != number { return }
            deliver(event, to: index)
        case .tellAgain(let index, let process, let (kind, number), let event):
            // Not after the object's deletion: a watch goes on where the list before it ended.
            guard let key = event.subject?.key, daemons[index].known[kind]?.contains(key) ?? false else { return }
            happen(.tell(index, process: process, stream: (kind, number), event))
        case .flush(let index, let process, let outgoing):
            if daemons[index].process == process { flush(outgoing, of: index) }
        case .arrive(let index, let process, let outgoing, let isAnswered):
            arrive(outgoing, of: index, process: process, isAnswered: isAnswered)
        case .answer(let index, let process, let id, let outcome):
            guard daemons[index].process == process, daemons[index].underWay.remove(id) != nil else { return }
            deliver(.wrote(id, outcome), to: index)
        case .timeOut(let index, let process, let outgoing):
            guard daemons[index].process == process, daemons[index].underWay.contains(outgoing.id) else { return }
            dropConnection(of: index)
        case .timer(let index, let process, let generation):
            guard daemons[index].process == process, daemons[index].wakeGeneration == generation else { return }
            if daemons[index].frozenUntil != nil {
                daemons[index].hasMissedTimer = true
            } else {
                deliver(.timer, to: index)
            }
        case .list(let index, let process, let connection, let kind):
            guard daemons[index].process == process, daemons[index].connection == connection else { return }
            list(kind, for: index)
        case .start(let index): start(index)
        case .thaw(let index): thaw(index)
        case .link(let index, let isUp):
            daemons[index].isLinkUp = isUp
            if daemons[index].isAlive { deliver(.links(daemons[index].links), to: index) }
        case .trouble: planMischief()
        case .mischief(let mischief, let index): make(mischief, of: index)
        case .churn: churn()
        case .metalLB(let step): take(step)
        }
    }

    // MARK: Processes

    mutating func start(_ index: Int) {
        guard !daemons[index].isAlive else { return }
        daemons[index].process += 1
        let settings = Settings(
            nodeName: daemons[index].name, instanceID: "i\(index)", allocation: scenario.hasMetalLB ? .auto : .always)
        daemons[index].balancer = Instance(settings, timing: scenario.timing)
        deliver(.started(saved: daemons[index].saved, inheritance: daemons[index].inheritance), to: index)
        daemons[index].inheritance = nil
        deliver(.links(daemons[index].links), to: index)
        if let pools = daemons[index].filePools { deliver(.pools(pools, from: .file), to: index) }
        connect(index)
    }

    /// The process is gone, by its own will or not; what it had sent is still on its way.
    mutating func end(_ index: Int, startsAgainWithin pause: Duration) {
        let old = daemons[index]
        let new = Daemon(index)
        new.process = old.process + 1
        new.saved = old.saved
        new.filePools = old.filePools
        new.inheritance = old.inheritance
        new.isLinkUp = old.isLinkUp
        daemons[index] = new
        plan(.start(index), within: pause)
    }

    mutating func freeze(_ index: Int, for pause: Duration) {
        guard daemons[index].isAlive, daemons[index].frozenUntil == nil else { return }
        daemons[index].frozenUntil = now.advanced(by: pause)
        schedule.add(.thaw(index), at: now.advanced(by: pause))
    }

    /// A frozen process goes on: its timer first, then what waited, and only then what had not left it yet.
    private mutating func thaw(_ index: Int) {
        guard let until = daemons[index].frozenUntil, until <= now else { return }
        let process = daemons[index].process
        daemons[index].frozenUntil = nil
        let inbox = daemons[index].inbox
        let unflushed = daemons[index].unflushed
        daemons[index].inbox = []
        daemons[index].unflushed = []
        if daemons[index].hasMissedTimer {
            daemons[index].hasMissedTimer = false
            deliver(.timer, to: index)
        }
        for event in inbox where daemons[index].process == process { deliver(event, to: index) }
        for outgoing in unflushed where daemons[index].process == process { flush(outgoing, of: index) }
    }

    private mutating func deliver(_ event: Event, to index: Int) {
        guard daemons[index].isAlive else { return }
        guard daemons[index].frozenUntil == nil else {
            daemons[index].inbox.append(event)
            return
        }
        daemons[index].learn(event)
        guard let directives = daemons[index].balancer?.handle(event, at: now, using: &rng) else { return }
        mix(UInt64(index) << 32 | UInt64(directives.count))
        for directive in directives { carryOut(directive, of: index) }
        if !directives.isEmpty || event.subject?.kind == .service { checker.checkClaims(of: daemons[index], at: now) }
    }

    private mutating func carryOut(_ directive: Directive, of index: Int) {
        let process = daemons[index].process
        switch directive {
        case .write(let id, let write):
            daemons[index].underWay.insert(id)
            let outgoing = Daemon.Outgoing(connection: daemons[index].connection, id: id, write: write)
            plan(.flush(index, process: process, outgoing), within: .milliseconds(2))
        case .dropConnections:
            dropConnection(of: index)
        case .wake(let at):
            daemons[index].wakeGeneration += 1
            let generation = daemons[index].wakeGeneration
            schedule.add(.timer(index, process: process, generation: generation), at: max(at, now))
        case .take(let claim):
            checker.require(daemons[index].claims.insert(claim).inserted, "takes what it has", at: now)
        case .release(let claim):
            checker.require(daemons[index].claims.remove(claim) != nil, "releases what it has not", at: now)
        case .mirror:
            daemons[index].filePools = daemons[index].balancer?.configuration.pools
        case .save(let saved):
            daemons[index].saved = saved
        case .bequeath(let inheritance):
            daemons[index].inheritance = inheritance
        case .exit:
            end(index, startsAgainWithin: .seconds(5))
        case .listen, .record, .status, .createSecret, .gossip:
            break
        }
    }

    // MARK: Connections

    /// Opens a connection: all kinds are listed, then watched.
    private mutating func connect(_ index: Int) {
        for kind in kinds { planList(kind, for: index) }
    }

    private mutating func planList(_ kind: Kind, for index: Int) {
        let at = max(now, daemons[index].unreachableUntil).advanced(by: latency())
        let (process, connection) = (daemons[index].process, daemons[index].connection)
        schedule.add(.list(index, process: process, connection: connection, kind), at: at)
    }

    /// Closes all connections: watches end, writes end without an answer, and all starts anew.
    mutating func dropConnection(of index: Int) {
        daemons[index].connection += 1
        let process = daemons[index].process
        for kind in kinds {
            daemons[index].streams[kind, default: 0] += 1
            if daemons[index].openStreams.remove(kind) != nil {
                schedule.add(
                    .tell(index, process: process, stream: nil, .change(.interrupted(kind, reason: "closed"))), at: now)
            }
        }
        for id in daemons[index].underWay.sorted() {
            schedule.add(.answer(index, process: process, id, .unanswered(reason: "closed")), at: now)
        }
        connect(index)
    }

    /// The server answers a list, and watches from there.
    private mutating func list(_ kind: Kind, for index: Int) {
        guard daemons[index].unreachableUntil <= now else { return planList(kind, for: index) }
        daemons[index].streams[kind, default: 0] += 1
        daemons[index].openStreams.insert(kind)
        let objects = server.list(kind)
        for object in objects { tell(object.event, of: kind, to: index) }
        let there = Set(objects.map(\.key))
        for key in (daemons[index].known[kind] ?? []).sorted() where !there.contains(key) {
            tell(.change(.deleted(kind, key)), of: kind, to: index)
        }
        tell(.change(.synced(kind)), of: kind, to: index)
    }

    /// Has the watch of `kind` tell `event`, after what it tells already.
    private mutating func tell(_ event: Event, of kind: Kind, to index: Int) {
        let at = max(now.advanced(by: latency()), daemons[index].lastTold[kind] ?? now)
        daemons[index].lastTold[kind] = at
        let stream = (kind, daemons[index].streams[kind] ?? 0)
        schedule.add(.tell(index, process: daemons[index].process, stream: stream, event), at: at)
        guard case .change(.upserted) = event, chance(2) else { return }
        plan(.tellAgain(index, process: daemons[index].process, stream: stream, event), within: .seconds(3))
    }

    /// Tells all watches of a change.
    mutating func publish(_ event: Event) {
        guard let kind = event.subject?.kind else { return }
        for index in daemons.indices where daemons[index].openStreams.contains(kind) {
            tell(event, of: kind, to: index)
        }
    }

    // MARK: Writes

    /// A write leaves the process, or (its connection is closed) never does.
    private mutating func flush(_ outgoing: Daemon.Outgoing, of index: Int) {
        guard daemons[index].connection == outgoing.connection else { return }
        guard daemons[index].frozenUntil == nil else {
            daemons[index].unflushed.append(outgoing)
            return
        }
        let process = daemons[index].process
        schedule.add(.timeOut(index, process: process, outgoing), at: now.advanced(by: Self.requestTimeout))
        guard daemons[index].unreachableUntil <= now, !chance(3) else { return }
        var delay = latency()
        if chance(15) { delay = duration(within: Self.requestTimeout - .milliseconds(1)) }
        if scenario.hasLateWrites, chance(4) { delay = duration(within: .seconds(60)) }
        schedule.add(
            .arrive(index, process: process, outgoing, isAnswered: !chance(3)), at: now.advanced(by: delay))
    }

    /// A write reaches the server.
    private mutating func arrive(_ outgoing: Daemon.Outgoing, of index: Int, process: Int, isAnswered: Bool) {
        let isListening = daemons[index].process == process && daemons[index].connection == outgoing.connection
        if case .relistServices = outgoing.write {
            guard isListening, isAnswered else { return }
            list(.service, for: index)
            let at = daemons[index].lastTold[.service] ?? now
            schedule.add(.answer(index, process: process, outgoing.id, .done(nil)), at: at)
            return
        }
        if chance(2) {
            guard isListening else { return }
            return schedule.add(.answer(index, process: process, outgoing.id, .busy(after: nil)), at: now)
        }
        checker.checkWrite(outgoing.write, before: server, isMetalLBAtWork: metalLB == .atWork)
        let (outcome, event) = server.apply(outgoing.write)
        if let event { publish(event) }
        guard isAnswered, isListening else { return }
        schedule.add(.answer(index, process: process, outgoing.id, outcome), at: now.advanced(by: latency()))
    }
}
