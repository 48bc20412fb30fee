import Wire

@testable import SWIM

/// One Instance, named "a", and a clock that the test moves: events in, directives out. Timers go off where they were
/// asked for; whatever else happens to it is the test's to tell.
struct Rig {
    var instance: Instance
    var now = Instant.zero
    /// All directives since the last `clear`.
    var directives: [Directive] = []
    private(set) var wakeAt: Instant?
    private var rng = PRNG(seed: 1)

    /// An Instance that has begun and has told itself to nobody, as nobody is there.
    init(timing: Timing = .lan, metadata: [UInt8] = []) {
        instance = Instance(name: "a", address: .host(1), metadata: metadata, timing: timing)
        send(.started)
    }

    /// An Instance that knows "b", "c" and so on, `count` members with itself, and has nothing left to gossip.
    static func group(of count: Int, timing: Timing = .lan) -> Rig {
        var rig = Rig(timing: timing)
        rig.receive(others(count).map { .alive($0) }, from: .host(2))
        rig.drain()
        rig.pass(timing.gossipInterval) { answered($0) }
        rig.clear()
        return rig
    }

    /// What the members of a group beside "a" say of themselves.
    static func others(_ count: Int) -> [Alive] {
        (2...max(2, count)).prefix(count - 1).map { Alive(incarnation: 1, node: .member($0), address: .host($0)) }
    }

    /// Takes what is to be gossiped away, as if it had been sent.
    mutating func drain() {
        _ = instance.queue.take(within: Budget(limitBytes: 1 << 20), transmitLimit: 1)
    }

    mutating func clear() { directives = [] }

    /// Hands an event over; returns what was asked for.
    @discardableResult mutating func send(_ event: Event) -> [Directive] {
        if case .timer = event { wakeAt = nil }
        let asked = instance.handle(event, at: now, using: &rng)
        for case .wake(let at) in asked { wakeAt = at }
        directives += asked
        return asked
    }

    @discardableResult mutating func receive(_ messages: [Message], from source: SocketAddress) -> [Directive] {
        send(.received(messages, from: source))
    }

    @discardableResult mutating func receive(_ message: Message, from source: SocketAddress = .host(2)) -> [Directive] {
        receive([message], from: source)
    }

    /// Lets time pass, with a timer event wherever one was asked for; `answer` may react to what is sent meanwhile.
    mutating func pass(_ duration: Duration, answering answer: ((Directive) -> Event?)? = nil) {
        let end = now.advanced(by: duration)
        while let at = wakeAt, at <= end {
            now = max(now, at)
            var events = [Event.timer]
            while !events.isEmpty {
                let asked = send(events.removeFirst())
                if let answer { events += asked.compactMap(answer) }
            }
        }
        now = end
    }

    /// Lets time pass until a ping by datagram goes out; returns it.
    mutating func nextPing() throws -> (ping: Ping, to: SocketAddress) {
        while let wakeAt, wakeAt < now.advanced(by: instance.timing.probeInterval * 3) {
            clear()
            pass(now.duration(to: wakeAt))
            if let found = pings.first { return found }
        }
        throw NoPing()
    }

    struct NoPing: Error {}

    // MARK: What has come of it

    /// All messages sent, with where they went.
    var sent: [(message: Message, to: SocketAddress)] {
        directives.flatMap { directive -> [(Message, SocketAddress)] in
            guard case .send(let messages, let to) = directive else { return [] }
            return messages.map { ($0, to) }
        }
    }

    var messages: [Message] { sent.map(\.message) }

    var pings: [(ping: Ping, to: SocketAddress)] {
        sent.compactMap { if case .ping(let ping) = $0.message { (ping, $0.to) } else { nil } }
    }

    var reports: [Report] {
        directives.compactMap { if case .report(let report) = $0 { report } else { nil } }
    }

    var exchanges: [(state: PushPull, with: SocketAddress, id: Int)] {
        directives.compactMap { if case .exchange(let state, let with, let id) = $0 { (state, with, id) } else { nil } }
    }

    func member(_ name: String) -> Member? { instance.members.first { $0.name == name } }

    func status(_ name: String) -> Member.Status? { member(name)?.status }

    var incarnation: UInt32? { member("a")?.incarnation }
}

extension SocketAddress {
    /// 10.0.0.`number`:7946, where the member with this number listens: 1 is "a".
    static func host(_ number: Int) -> SocketAddress {
        SocketAddress(.v4(IPv4Address(rawValue: 0x0A00_0000 + UInt32(number))), port: 7946)
    }
}

extension String {
    /// "a" for 1, "b" for 2 and so on; "m27" from 27 on.
    static func member(_ number: Int) -> String {
        number <= 26 ? String(UnicodeScalar(UInt8(96 + number))) : "m\(number)"
    }
}

extension Member {
    static func other(
        _ number: Int, _ status: Status = .alive, incarnation: UInt32 = 1, metadata: [UInt8] = []
    ) -> Member {
        Member(
            name: .member(number), address: .host(number), metadata: metadata, incarnation: incarnation, status: status)
    }
}
