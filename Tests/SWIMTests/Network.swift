import Wire

@testable import SWIM

/// N Instances on a virtual clock and a virtual network, all from a seed. Datagrams are delayed, lost and sent twice;
/// what goes by TCP waits a second for each loss. Links can be cut, nodes can crash and be stopped for a while.
struct Network {
    /// What the network does to what is sent.
    struct Weather {
        var loss = 0.0
        var duplication = 0.0
        var delay = Duration.microseconds(200)...Duration.milliseconds(2)
        /// Whether TCP gets through.
        var hasStreams = true
    }

    struct Node {
        var instance: Instance
        var isUp = true
        var isStopped = false
        /// What came in while it was stopped.
        var inbox: [Event] = []
        var wakeAt: Instant?
        /// Which of the timers that were set is the last one.
        var wakeNumber = 0
        /// Nodes of different sides do not hear each other.
        var side = 0
        var datagrams = 0
        var bytes = 0
    }

    private struct Happening {
        var at: Instant
        var number: Int
        var what: What
    }

    private enum What {
        case event(Event, node: Int)
        case wake(node: Int, number: Int)
        case answer(Event, stream: Int)
        case streamEnds(id: Int)
    }

    /// A connection: who has asked, under which number of its own, and what it is told where nothing comes back.
    private struct Stream {
        var from: Int
        var to: Int
        var failure: Event
        var id: Int
    }

    private(set) var nodes: [Node] = []
    private(set) var now = Instant.zero
    /// What every node has reported, and when.
    private(set) var reports: [(at: Instant, node: Int, report: Report)] = []
    var weather = Weather()
    private var rng: PRNG
    /// A binary heap, the next one first.
    private var future: [Happening] = []
    private var number = 0
    private var streams: [Int: Stream] = [:]

    /// `count` nodes, none of which has begun.
    init(_ count: Int, timing: Timing = .lan, seed: UInt64 = 1) {
        rng = PRNG(seed: seed)
        nodes = (1...count).map {
            Node(instance: Instance(name: .member($0), address: .host($0), timing: timing))
        }
    }

    /// A group in which everybody knows everybody.
    static func group(of count: Int, timing: Timing = .lan, seed: UInt64 = 1) -> Network {
        var network = Network(count, timing: timing, seed: seed)
        for node in 0..<count {
            network.send(.started, to: node)
            if node > 0 { network.send(.join([.host(1)]), to: node) }
        }
        // Long enough for a state exchange to bring what gossip has missed.
        network.pass(.seconds(60))
        network.reports = []
        return network
    }

    // MARK: What the test does

    mutating func send(_ event: Event, to node: Int) {
        guard nodes[node].isUp else { return }
        if nodes[node].isStopped {
            nodes[node].inbox.append(event)
            return
        }
        for directive in nodes[node].instance.handle(event, at: now, using: &rng) { carryOut(directive, of: node) }
    }

    mutating func crash(_ node: Int) { nodes[node].isUp = false }

    /// Begins anew with nothing but its name and its address.
    mutating func restart(_ node: Int, join addresses: [SocketAddress]) {
        let old = nodes[node].instance
        nodes[node] = Node(
            instance: Instance(
                name: .member(node + 1), address: .host(node + 1), timing: old.timing),
            wakeNumber: nodes[node].wakeNumber)
        send(.started, to: node)
        send(.join(addresses), to: node)
    }

    mutating func stop(_ node: Int) { nodes[node].isStopped = true }

    /// Goes on after a stop: what has come in meanwhile is read first, then the timer goes off.
    mutating func resume(_ node: Int) {
        nodes[node].isStopped = false
        let inbox = nodes[node].inbox
        nodes[node].inbox = []
        for event in inbox { send(event, to: node) }
        send(.timer, to: node)
    }

    mutating func split(_ side: Set<Int>) {
        for node in nodes.indices { nodes[node].side = side.contains(node) ? 1 : 0 }
    }

    mutating func pass(_ duration: Duration) {
        let end = now.advanced(by: duration)
        while let next = future.first, next.at <= end {
            removeFirst()
            now = next.at
            happen(next.what)
        }
        now = end
    }

    /// Lets time pass until that is so; how long it took, or nil where `limit` was not enough.
    mutating func pass(atMost limit: Duration, until isSo: (Network) -> Bool) -> Duration? {
        let start = now
        while !isSo(self) {
            guard start.duration(to: now) < limit else { return nil }
            pass(.milliseconds(20))
        }
        return start.duration(to: now)
    }

    // MARK: What it looks like

    func status(of member: Int, at node: Int) -> Member.Status? {
        nodes[node].instance.members.first { $0.name == .member(member + 1) }?.status
    }

    /// Whether all of these see all of those so.
    func all(_ observers: some Sequence<Int>, see members: some Sequence<Int>, as status: Member.Status?) -> Bool {
        let members = Array(members)
        return observers.allSatisfy { observer in
            members.allSatisfy { $0 == observer || self.status(of: $0, at: observer) == status }
        }
    }

    /// How often a node was reported dead that was not.
    var deathsReported: Int {
        reports.count { if case .changed(let member) = $0.report { member.status == .dead } else { false } }
    }

    mutating func forgetTraffic() {
        for node in nodes.indices {
            nodes[node].datagrams = 0
            nodes[node].bytes = 0
        }
    }

    // MARK: What it does

    private mutating func carryOut(_ directive: Directive, of node: Int) {
        switch directive {
        case .send(let messages, let to):
            nodes[node].datagrams += 1
            nodes[node].bytes += messages.reduce(36) { $0 + $1.encodedLength + 2 }
            guard let target = index(of: to) else { return }
            let copies = Double.random(in: 0..<1, using: &rng) < weather.duplication ? 2 : 1
            for _ in 0..<copies where Double.random(in: 0..<1, using: &rng) >= weather.loss {
                deliver(.received(messages, from: .host(node + 1)), to: target, from: node)
            }
        case .exchange(let state, let to, let id):
            let failure = Event.pulled(nil, id: id)
            let timeout = nodes[node].instance.timing.streamTimeout
            connect(node, to: to, id: id, failure: failure, timeout: timeout) {
                .pushed(state, id: $0, from: .host(node + 1))
            }
        case .pingByStream(let ping, let to, let id, let deadline):
            let failure = Event.streamAnswered(isAnswered: false, id: id)
            let timeout = now.duration(to: deadline)
            connect(node, to: to, id: id, failure: failure, timeout: timeout) { .pinged(ping, id: $0) }
        case .answer(let state, let id):
            if let stream = streams[id] { reply(.pulled(state, id: stream.id), through: id, by: node) }
        case .acknowledge(_, let id):
            if let stream = streams[id] {
                reply(.streamAnswered(isAnswered: true, id: stream.id), through: id, by: node)
            }
        case .wake(let at):
            nodes[node].wakeAt = at
            nodes[node].wakeNumber += 1
            insert(.wake(node: node, number: nodes[node].wakeNumber), at: at)
        case .report(let report):
            reports.append((now, node, report))
        }
    }

    private func index(of address: SocketAddress) -> Int? {
        let index = Int(address.address.rawValue & 0xFFFF) - 1
        return nodes.indices.contains(index) ? index : nil
    }

    private mutating func drawDelay() -> Duration {
        let span = weather.delay.upperBound - weather.delay.lowerBound
        return weather.delay.lowerBound + span * Double.random(in: 0..<1, using: &rng)
    }

    private func isReachable(_ node: Int, from other: Int) -> Bool { nodes[node].side == nodes[other].side }

    private mutating func deliver(_ event: Event, to node: Int, from sender: Int) {
        guard isReachable(node, from: sender) else { return }
        insert(.event(event, node: node), at: now.advanced(by: drawDelay()))
    }

    /// Three segments one way and as many back, each of them sent again after a second where it is lost.
    private mutating func deliverByStream(_ what: What, to node: Int, from sender: Int) {
        guard weather.hasStreams, isReachable(node, from: sender) else { return }
        var delay = Duration.zero
        for _ in 0..<3 {
            delay += drawDelay()
            while Double.random(in: 0..<1, using: &rng) < weather.loss { delay += .seconds(1) }
        }
        insert(what, at: now.advanced(by: delay))
    }

    private mutating func connect(
        _ node: Int, to address: SocketAddress, id: Int, failure: Event, timeout: Duration,
        _ event: (Int) -> Event
    ) {
        guard let target = index(of: address) else { return send(failure, to: node) }
        number += 1
        let stream = number
        streams[stream] = Stream(from: node, to: target, failure: failure, id: id)
        insert(.streamEnds(id: stream), at: now.advanced(by: timeout))
        deliverByStream(.event(event(stream), node: target), to: target, from: node)
    }

    private mutating func reply(_ event: Event, through id: Int, by node: Int) {
        guard let stream = streams[id] else { return }
        deliverByStream(.answer(event, stream: id), to: stream.from, from: node)
    }

    private mutating func happen(_ what: What) {
        switch what {
        case .event(let event, let node):
            send(event, to: node)
        case .wake(let node, let number):
            guard nodes[node].wakeNumber == number, !nodes[node].isStopped else { return }
            send(.timer, to: node)
        case .answer(let event, let id):
            // Unless it has timed out.
            if let stream = streams.removeValue(forKey: id) { send(event, to: stream.from) }
        case .streamEnds(let id):
            if let stream = streams.removeValue(forKey: id) { send(stream.failure, to: stream.from) }
        }
    }

    // MARK: The heap

    private static func isBefore(_ left: Happening, _ right: Happening) -> Bool {
        (left.at, left.number) < (right.at, right.number)
    }

    private mutating func insert(_ what: What, at time: Instant) {
        number += 1
        future.append(Happening(at: time, number: number, what: what))
        var child = future.count - 1
        while child > 0, Self.isBefore(future[child], future[(child - 1) / 2]) {
            future.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    private mutating func removeFirst() {
        future.swapAt(0, future.count - 1)
        future.removeLast()
        var parent = 0
        while let child = [2 * parent + 1, 2 * parent + 2].filter({ $0 < future.count })
            .min(by: { Self.isBefore(future[$0], future[$1]) }), Self.isBefore(future[child], future[parent])
        {
            future.swapAt(parent, child)
            parent = child
        }
    }
}
