import ARP
import KubeWatch
import NetLink
import SWIM
import Wire

@testable import Balancer

/// Several nodes with their daemons, and all that may go wrong between them, from one seed. They meet on three planes: the
/// API server (`World+Connections`), the gossip (`World+Gossip`) and the LAN with a client on it (`World+LAN`).
struct World {
    /// What may happen.
    enum Happening {
        /// A watch tells, or a write's outcome comes back.
        case tell(Int, process: Int, stream: (Kind, Int)?, Balancer.Event)
        /// A version of an object that was told before comes again, as when a list overtakes a watch.
        case tellAgain(Int, process: Int, stream: (Kind, Int), Balancer.Event)
        case flush(Int, process: Int, Daemon.Outgoing)
        case arrive(Int, process: Int, Daemon.Outgoing, isAnswered: Bool)
        case answer(Int, process: Int, WriteID, Outcome)
        case timeOut(Int, process: Int, Daemon.Outgoing)
        case timer(Int, process: Int, Daemon.Clock, generation: Int)
        case list(Int, process: Int, connection: Int, Kind)
        /// A datagram comes to the gossip's port, from the daemon of that index, which sent it then.
        case datagram(Int, [SWIM.Message], from: Int, at: Instant)
        /// What was sent on a connection between two members of the group arrives.
        case request(stream: Int, SWIM.Event)
        case reply(stream: Int, SWIM.Event)
        case resend(stream: Int, SWIM.Event, isRequest: Bool, pause: Duration)
        case streamEnds(Int)
        /// A frame comes to a node, or to the client (nil).
        case frame(Int?, EthernetFrame)
        /// The client asks who has an address.
        case ask
        /// The timer of a host that takes addresses.
        case rival(Int)
        case start(Int)
        case thaw(Int)
        case link(Int, isUp: Bool)
        /// Something is about to go wrong.
        case trouble
        case mischief(Mischief, Int)
        case churn
        case metalLB(MetalLBStep)
        /// Between the daemons and the router.
        case routing(Routing)
    }

    /// More than any run takes: so many, and so many for each second.
    private static let maximumSteps = (least: 5_000_000, perSecond: 2_000)

    let scenario: Scenario
    var weather: Weather
    var rng: PRNG
    var now = Instant.zero
    var schedule = Schedule()
    var server = APIServer()
    var daemons: [Daemon]
    var gossipPlane: Plane
    /// The client is its last host.
    var lan: Plane
    var streams: [Int: GossipStream] = [:]
    var lastStream = 0
    var client = Client()
    /// A host that takes addresses of the pool while the daemons run; nil while there is none.
    var rival: Rival?
    /// The router, where addresses are announced to one; and the connections with it.
    var router: Router?
    var routerStreams: [Int: RouterStream] = [:]
    var checker = Checker()
    var isPeaceful = false
    var lastService = 0
    var metalLB = MetalLBState.absent
    /// What is sent, where that is counted.
    var traffic: Traffic?
    /// A digest of all that happened.
    private(set) var trace: UInt64 = 0xCBF2_9CE4_8422_2325
    private(set) var stepCount = 0

    init(seed: UInt64, _ scenario: Scenario = Scenario()) {
        self.scenario = scenario
        rng = PRNG(seed: seed)
        weather = scenario.weather ?? Weather(using: &rng)
        daemons = (0..<Int.random(in: scenario.nodeCounts, using: &rng)).map(Daemon.init)
        gossipPlane = Plane(count: daemons.count)
        lan = Plane(count: daemons.count + 1)
        for daemon in daemons {
            let key = ObjectKey(namespace: "", name: daemon.name)
            _ = server.put(Node(metadata: ObjectMeta(key: key), internalAddresses: [daemon.address]))
            daemon.isByRadio = chance(weather.radioPercent)
        }
        _ = server.put(pools(rangeCount: 1))
        for _ in 0..<Int.random(in: 1...6, using: &rng) { createService() }
        for index in daemons.indices { plan(.start(index), within: .seconds(3)) }
        if !weather.mischiefs.isEmpty { plan(.trouble, within: .seconds(8)) }
        if weather.hasChurn { plan(.churn, within: .seconds(5)) }
        plan(.ask, within: .seconds(1))
        if scenario.hasMetalLB { plan(.metalLB(.starts), within: .seconds(10)) }
        if scenario.hasRouter {
            router = Router(nodes: daemons.count)
            plan(.routing(.start), within: .seconds(3))
        }
    }

    /// The address ranges that the ConfigMap has had by now; they only grow.
    func pools(rangeCount: Int) -> Pools {
        let ranges = (0..<rangeCount).compactMap { index in
            Prefix("192.168.1.\(128 + 16 * index)/28")?.range
        }
        guard scenario.hasRouter else { return Pools(pools: [Pool(name: "home", ranges: ranges)]) }
        let pool = Pool(name: "home", announcementProtocol: .bgp, ranges: ranges, advertisements: [Advertisement()])
        return Pools(pools: [pool], peers: [Self.peer])
    }

    // MARK: Time

    /// Runs to the end. What was found wrong is in `checker`.
    mutating func run() {
        pass(scenario.turmoil)
        makePeace()
        pass(scenario.peace)
        checker.checkConvergence(of: daemons, server, isRouted: scenario.hasRouter, at: now)
        checkRoutes()
        checker.checkBeliefs(of: client, about: daemons, at: now)
    }

    /// Lets time pass, unless a rule is broken.
    mutating func pass(_ duration: Duration) {
        let end = now.advanced(by: duration)
        pass(until: end) { _ in false }
        now = max(now, end)
    }

    /// Lets time pass until something is so, or to the `end`.
    mutating func pass(until end: Instant, or isSo: (World) -> Bool) {
        while checker.violation == nil, let next = schedule.nextInstant, next <= end {
            guard let (at, happening) = schedule.next() else { return }
            now = at
            stepCount += 1
            let mostSteps = Self.maximumSteps.least + Self.maximumSteps.perSecond * Int(now.nanoseconds / 1_000_000_000)
            checker.require(stepCount < mostSteps, "there is no end to it", at: now)
            happen(happening)
            mix(UInt64(bitPattern: now.nanoseconds))
            mix(UInt64(server.revision))
            check()
            if isSo(self) { return }
        }
    }

    /// The rules that hold after each event.
    private mutating func check() {
        if let duplicate = checker.firstDuplicate {
            if !scenario.hasLateWrites {
                checker.require(false, duplicate, at: now)
            } else if isPeaceful {
                let hasLeader = daemons.contains { $0.balancer?.leadership.isLeader ?? false }
                checker.checkRepair(of: server, hasLeader: hasLeader, at: now)
            }
        }
        if !checker.contested.isEmpty, weather.isGood { checkOwners() }
    }

    mutating func mix(_ value: UInt64) {
        trace = (trace ^ value) &* 0x0000_0100_0000_01B3
    }

    // MARK: Chance

    mutating func chance(_ percent: Int) -> Bool {
        percent > 0 && !isPeaceful && Int.random(in: 0..<100, using: &rng) < percent
    }

    /// The same for what the API server and the way to it do wrong.
    mutating func apiChance(_ percent: Int) -> Bool {
        weather.hasAPIFaults && chance(percent)
    }

    mutating func duration(within limit: Duration) -> Duration {
        .nanoseconds(Int64.random(in: 1...max(1, limit.nanoseconds), using: &rng))
    }

    mutating func plan(_ happening: Happening, within limit: Duration) {
        schedule.add(happening, at: now.advanced(by: duration(within: limit)))
    }

    // MARK: What happens

    private mutating func happen(_ happening: Happening) {
        switch happening {
        case .tell(let index, let process, let stream, let event):
            guard daemons[index].process == process else { return }
            if let (kind, number) = stream, daemons[index].streams[kind] != number { return }
            deliver(event, to: daemons[index])
        case .tellAgain(let index, let process, let (kind, number), let event):
            // Not after the object's deletion: a watch goes on where the list before it ended.
            guard let key = event.subject?.key, daemons[index].known[kind]?.contains(key) ?? false else { return }
            happen(.tell(index, process: process, stream: (kind, number), event))
        case .flush(let index, let process, let outgoing):
            if daemons[index].process == process { flush(outgoing, of: daemons[index]) }
        case .arrive(let index, let process, let outgoing, let isAnswered):
            arrive(outgoing, of: index, process: process, isAnswered: isAnswered)
        case .answer(let index, let process, let id, let outcome):
            guard daemons[index].process == process, daemons[index].underWay.remove(id) != nil else { return }
            deliver(.wrote(id, outcome), to: daemons[index])
        case .timeOut(let index, let process, let outgoing):
            guard daemons[index].process == process, daemons[index].underWay.contains(outgoing.id) else { return }
            dropConnection(of: daemons[index])
        case .timer(let index, let process, let clock, let generation):
            let daemon = daemons[index]
            guard daemon.process == process, daemon.wakeGenerations[clock.rawValue] == generation else { return }
            ring(clock, of: daemon)
        case .list(let index, let process, let connection, let kind):
            guard daemons[index].process == process, daemons[index].connection == connection else { return }
            list(kind, for: daemons[index])
        case .datagram(let index, let messages, from: let sender, at: let sentAt):
            let source = daemons[sender].gossipAddress
            receive(Daemon.Datagram(messages: messages, source: source, sentAt: sentAt), at: daemons[index])
        case .request(let stream, let event): request(event, on: stream)
        case .reply(let stream, let event): reply(event, on: stream)
        case .resend(let stream, let event, let isRequest, let pause):
            send(event, on: stream, isRequest: isRequest, pause: pause)
        case .streamEnds(let stream): endStream(stream)
        case .frame(let index?, let frame): receive(frame, at: daemons[index])
        case .frame(nil, let frame): receiveAtClient(frame)
        case .ask: ask()
        case .rival(let generation): ringRival(generation)
        case .routing(let routing): happen(routing)
        case .start(let index): start(index)
        case .thaw(let index): thaw(daemons[index])
        case .link(let index, let isUp): setLink(isUp, of: daemons[index])
        case .trouble: planMischief()
        case .mischief(let mischief, let index): make(mischief, of: index)
        case .churn: churn()
        case .metalLB(let step): take(step)
        }
    }
}
