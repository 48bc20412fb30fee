import Heartbeat
import Wire

/// Several Instances on one network with loss and delay, from a seed.
struct Network {
    struct Node {
        var instance: Instance
        var isUp = true
        /// What comes meanwhile waits.
        var frozenUntil: Instant?
        var wakeAt: Instant?
        var waiting: [Packet] = []
    }

    /// A report, when and by whom.
    struct Told: Hashable {
        var by: String
        var at: Instant
        var report: Report
    }

    private struct Arrival: Comparable {
        var at: Instant
        var number: Int
        var to: String
        var packet: Packet

        static func < (left: Arrival, right: Arrival) -> Bool { (left.at, left.number) < (right.at, right.number) }
    }

    var now = Instant.zero
    var rng: PRNG
    var nodes: [String: Node] = [:]
    var told: [Told] = []
    var packetCount = 0
    /// Of each packet to each receiver, by itself.
    var lossPercent = 0
    var delay = Duration.microseconds(200)
    var jitter = Duration.microseconds(200)
    /// Which way nothing goes: from, to.
    var cuts: Set<[String]> = []
    private var arrivals: [Arrival] = []
    private var arrivalCount = 0

    init(seed: UInt64, _ names: [String], timing: Timing = Timing()) {
        rng = PRNG(seed: seed)
        let instances = Dictionary(uniqueKeysWithValues: zip(names, 1...).map { ($0, UInt64($1)) })
        for name in names {
            nodes[name] = Node(instance: Instance(name: name, instance: instances[name] ?? 0, timing: timing))
        }
        for name in names { handle(.members(instances.filter { $0.key != name }), by: name) }
    }

    mutating func handle(_ event: Event, by name: String) {
        guard var node = nodes[name], node.isUp else { return }
        let directives = node.instance.handle(event, at: now, using: &rng)
        nodes[name] = node
        for directive in directives {
            switch directive {
            case .send(let packet, to: .network):
                packetCount += 1
                for other in nodes.keys.sorted() where other != name { send(packet, from: name, to: other) }
            case .send(let packet, to: .member(let other)):
                packetCount += 1
                send(packet, from: name, to: other)
            case .wake(let at): nodes[name]?.wakeAt = at
            case .report(let report): told.append(Told(by: name, at: now, report: report))
            }
        }
    }

    private mutating func send(_ packet: Packet, from name: String, to other: String) {
        guard !cuts.contains([name, other]), Int.random(in: 0..<100, using: &rng) >= lossPercent else { return }
        arrivalCount += 1
        let late = jitter * Double.random(in: 0...1, using: &rng)
        let arrival = Arrival(
            at: now.advanced(by: delay + late), number: arrivalCount, to: other, packet: packet)
        let place = arrivals.firstIndex { arrival < $0 } ?? arrivals.endIndex
        arrivals.insert(arrival, at: place)
    }

    /// Lets time pass.
    mutating func run(for duration: Duration) {
        let end = now.advanced(by: duration)
        while true {
            let timers = nodes.compactMap { name, node in
                node.isUp ? node.wakeAt.map { (max($0, node.frozenUntil ?? $0), name) } : nil
            }.min { $0 < $1 }
            let thaw = nodes.compactMap { name, node in node.frozenUntil.map { ($0, name) } }.min { $0 < $1 }
            let next = [timers?.0, arrivals.first?.at, thaw?.0].compactMap { $0 }.min()
            guard let next, next <= end else { break }
            now = max(now, next)
            if let thaw, thaw.0 <= now {
                nodes[thaw.1]?.frozenUntil = nil
                // The timer first, as the loop's priorities have it.
                if let wakeAt = nodes[thaw.1]?.wakeAt, wakeAt <= now { fire(thaw.1) }
                let waiting = nodes[thaw.1]?.waiting ?? []
                nodes[thaw.1]?.waiting = []
                for packet in waiting { handle(.received(packet), by: thaw.1) }
            } else if let first = arrivals.first, first.at <= now {
                arrivals.removeFirst()
                if nodes[first.to]?.frozenUntil != nil {
                    nodes[first.to]?.waiting.append(first.packet)
                } else {
                    handle(.received(first.packet), by: first.to)
                }
            } else if let timers {
                fire(timers.1)
            }
        }
        now = end
    }

    private mutating func fire(_ name: String) {
        nodes[name]?.wakeAt = nil
        handle(.timer, by: name)
    }

    /// The times at which `node` was called silent, each by the first that did.
    func silences(of node: String) -> [Instant] {
        told.compactMap { told in
            if case .silent(node, for: _) = told.report { told.at } else { nil }
        }
    }
}
