import Wire

@testable import Balancer

/// One fault after another in an otherwise healthy cluster, as the failover benchmark makes them: an owner falls away, others
/// take over, it comes back, and all settles. In the later rounds the API server is only there for as long as a new daemon needs
/// it.
struct Rounds {
    /// What may happen to an owner.
    enum Fault: CaseIterable {
        case killed
        case cut
        case hung
        case unplugged
        case stopped
        case upgraded
    }

    /// How long it took until all that an owner had was answered for by others.
    struct Sample {
        var fault: Fault
        var hasServer: Bool
        var time: Duration
        var at: Instant
    }

    /// What comes late is still seen for so long.
    private static let after = Duration.milliseconds(150)
    private static let takeoverLimit = Duration.seconds(15)
    private static let settleLimit = Duration.seconds(60)

    private(set) var world: World
    private(set) var samples: [Sample] = []
    /// What went wrong, where something did.
    private(set) var problem: String?
    private var hasServer = true

    /// Goes through `count` rounds from this seed, the last of `withoutServer` without the API server.
    init(seed: UInt64, nodes: Int, count: Int, withoutServer: Int, _ weather: Weather) {
        var scenario = Scenario()
        scenario.weather = weather
        scenario.nodeCounts = nodes...nodes
        world = World(seed: seed, scenario)
        world.pass(.seconds(15))
        for number in 0..<count {
            hasServer = number < count - withoutServer
            if !hasServer { setServer(false) }
            for fault in Fault.allCases where problem == nil { go(through: fault) }
        }
    }

    private mutating func go(through fault: Fault) {
        settle()
        world.pass(world.duration(within: .milliseconds(200)))
        guard problem == nil,
            let owner = world.daemons.filter({ !$0.claims.isEmpty }).randomElement(using: &world.rng)
        else { return }
        let index = owner.index
        let addresses = Set(owner.claims.keys.map(\.address))
        Log.line("== \(owner.name) is \(fault)", at: world.now)
        let begin = world.now
        inflict(fault, on: index)
        let limit = fault == .upgraded ? Duration.milliseconds(300) : Self.takeoverLimit
        world.pass(until: begin.advanced(by: limit)) { world in
            addresses.isSubset(of: world.addressesAnswered(without: index))
        }
        let time = begin.duration(to: world.now)
        guard fault != .upgraded else { return settle() }
        samples.append(Sample(fault: fault, hasServer: hasServer, time: time, at: begin))
        Log.line("== taken over after \(time)", at: world.now)
        world.pass(Self.after)
        repair(fault, of: index)
        settle()
        world.pass(Self.after)
    }

    private mutating func inflict(_ fault: Fault, on index: Int) {
        let end = world.now.advanced(by: Self.settleLimit)
        switch fault {
        case .killed: world.end(index, startsAgainWithin: .seconds(36_000))
        case .cut: world.isolate(index, until: end)
        case .hung: world.freeze(index, for: Self.settleLimit)
        case .unplugged:
            world.isolate(index, until: end)
            world.setLink(false, of: world.daemons[index])
        case .stopped: world.deliver(.stop, to: world.daemons[index])
        case .upgraded:
            if !hasServer { setServer(true) }
            world.deliver(.restart, to: world.daemons[index])
        }
    }

    private mutating func repair(_ fault: Fault, of index: Int) {
        Log.line("== \(world.daemons[index].name) is back", at: world.now)
        switch fault {
        case .killed:
            if !hasServer { setServer(true) }
            world.start(index)
        case .stopped:
            if !hasServer { setServer(true) }
            // It ends by itself, and is started again.
            if !world.daemons[index].isAlive { world.start(index) }
        case .upgraded: break
        case .cut: heal()
        case .hung:
            world.daemons[index].frozenUntil = world.now
            world.thaw(world.daemons[index])
        case .unplugged:
            heal()
            // What it sends is lost for a moment: its queue is not active yet.
            let end = world.now.advanced(by: world.duration(within: .milliseconds(1_000)))
            for other in 0...world.daemons.count where other != index {
                world.lan.cut(from: index, to: other, until: end)
                if other < world.daemons.count { world.gossipPlane.cut(from: index, to: other, until: end) }
            }
            world.setLink(true, of: world.daemons[index])
        }
    }

    private mutating func heal() {
        world.gossipPlane.heal(at: world.now)
        world.lan.heal(at: world.now)
    }

    private mutating func setServer(_ serves: Bool) {
        for daemon in world.daemons {
            daemon.unreachableUntil = world.now.advanced(by: serves ? .zero : .seconds(36_000))
            if daemon.isAlive, serves { world.dropConnection(of: daemon) }
        }
    }

    /// Lets time pass until every daemon knows that all are alive, and they agree on one owner of each address.
    private mutating func settle() {
        let end = world.now.advanced(by: Self.settleLimit)
        world.pass(until: end) { $0.isSettled }
        if let violation = world.checker.violation { problem = problem ?? violation }
        if !world.isSettled { problem = problem ?? "not settled after \(Double(world.now.nanoseconds) / 1e9) s" }
        if !hasServer { setServer(false) }
    }
}

extension World {
    /// The addresses that nodes but the one of this index answer for.
    func addressesAnswered(without index: Int) -> Set<IPAddress> {
        Set(
            daemons.filter { $0.index != index && $0.isAwake && $0.isLinkUp && !$0.isMuted }.flatMap {
                $0.claims.keys.map(\.address)
            })
    }

    /// Whether all is as before any fault.
    fileprivate var isSettled: Bool {
        let names = Set(daemons.map(\.name))
        guard daemons.allSatisfy({ $0.isAwake && $0.isLinkUp && !$0.isMuted }) else { return false }
        let claimed = daemons.flatMap { $0.claims.keys.map(\.address) }
        guard Set(claimed).count == claimed.count, !claimed.isEmpty else { return false }
        return daemons.allSatisfy { daemon in
            guard let balancer = daemon.balancer, names.isSubset(of: balancer.roster.alive.keys) else { return false }
            return names.allSatisfy { name in
                name == daemon.name || balancer.gossip.verdict(on: name).isAlive
            }
        }
    }
}
