import Testing
import Wire

@testable import BGP

/// Two Sessions, one against the other, with connections that take time, break and are refused, from a seed: whatever
/// happens, once nothing does any more they are established and each knows what the other wants.
@Suite struct PairTests {
    @Test(arguments: 1...60 as ClosedRange<UInt64>) func theyAgreeAfterFaults(seed: UInt64) {
        var pair = Pair(seed: seed)
        pair.handle(.start, by: 0)
        pair.handle(.start, by: 1)
        for step in 0..<60 {
            pair.disturb()
            pair.run(for: pair.rng.shortened(.seconds(20), to: 0...1))
            #expect(pair.sides.allSatisfy { $0.session.connections.count <= 3 }, "step \(step)")
        }
        pair.heal()
        pair.run(for: .seconds(90))
        #expect(pair.sides.map(\.session.state) == [.established, .established])
        #expect(pair.sides.map(\.session.connections.count) == [1, 1])
        for (side, other) in [(0, 1), (1, 0)] {
            #expect(pair.sides[other].table == pair.sides[side].wanted)
            #expect(pair.sides[side].session.isUpToDate)
        }
        #expect(pair.sides.allSatisfy { $0.session.counters.faults == 0 })
        pair.handle(.stop(.shutdown(text: "done")), by: 0)
        pair.run(for: .seconds(1))
        #expect(pair.sides[1].table.isEmpty && pair.sides[0].session.state == .idle)
        #expect(pair.sides[1].session.lastCause == .told(.cease(.administrativeShutdown, text: "done")))
    }
}

/// A network of two hosts and one wire.
struct Pair {
    struct Side {
        var session: Session
        var wanted: [Prefix: Path] = [:]
        /// What it has heard from the other, whichever session it was on.
        var table: [Prefix: Path] = [:]
        var wakeAt: Instant?
        /// The other side's number of each connection, once it has taken it.
        var links: [Int: Int] = [:]
        var decoders: [Int: StreamDecoder] = [:]
    }

    private enum Happening {
        case event(Event)
        case connecting(Int)
    }

    var now = Instant.zero
    var rng: PRNG
    var sides: [Side]
    private var isCut = false
    private var queue: [(at: Instant, side: Int, what: Happening)] = []
    /// What was sent while the wire was cut: TCP sends it again.
    private var held: [(side: Int, what: Happening)] = []

    init(seed: UInt64) {
        rng = PRNG(seed: seed)
        var settings = [Settings.test, Settings(localASN: 64_513, peerASN: 64_512, routerID: "10.0.0.9")]
        for side in 0..<2 {
            settings[side].holdTimeSeconds = 9
            settings[side].ipv6NextHop = "2001:db8::1"
            settings[side].isPassive = side == 1 && seed % 3 == 0
        }
        sides = settings.map { Side(session: Session($0)) }
        for side in 0..<2 { handle(.wanted([:]), by: side) }
    }

    mutating func handle(_ event: Event, by side: Int) {
        switch event {
        case .wanted(let routes): sides[side].wanted = routes
        case .amended(let routes): for (prefix, path) in routes { sides[side].wanted[prefix] = path }
        case .received(let bytes, on: let id): listen(bytes, id, by: side)
        case .closed(let id, _): sides[side].links[id] = nil
        default: break
        }
        let directives = sides[side].session.handle(event, at: now, using: &rng)
        var sent: [Int] = []
        for directive in directives {
            switch directive {
            case .connect(let id): later(side, .connecting(id))
            case .take, .refuse: break
            case .send(let bytes, on: let id):
                if let other = sides[side].links[id] { later(1 - side, .event(.received(bytes[...], on: other))) }
                sent.append(id)
            case .close(let id):
                if let other = sides[side].links.removeValue(forKey: id) {
                    later(1 - side, .event(.closed(other, nil)))
                }
            case .wake(let at): sides[side].wakeAt = at
            case .report(.up): sides[side].table = [:]
            case .report: break
            }
        }
        for id in Set(sent).sorted() where sides[side].links[id] != nil { later(side, .event(.drained(id))) }
    }

    /// In order, and soon; what is on its way to a place stays in order.
    private mutating func later(_ side: Int, _ what: Happening) {
        switch what {
        case .event(.received), .event(.closed):
            guard !isCut else { return held.append((side, what)) }
        default: break
        }
        let last = queue.last { $0.side == side }?.at ?? now
        queue.append((max(last, now.advanced(by: .milliseconds(1))), side, what))
    }

    private mutating func connect(_ id: Int, from side: Int) {
        guard sides[side].session.connections.contains(where: { $0.id == id }) else { return }
        guard !isCut else { return later(side, .event(.connectFailed(id, "no route"))) }
        let directives = sides[1 - side].session.handle(.accepted(localAddress: "192.0.2.2"), at: now, using: &rng)
        for case .take(let other) in directives {
            sides[side].links[id] = other
            sides[1 - side].links[other] = id
            sides[1 - side].decoders[other] = StreamDecoder()
            sides[side].decoders[id] = StreamDecoder()
        }
        // What else it asks for, it asks for with the connection in hand.
        for directive in directives {
            switch directive {
            case .send(let bytes, on: let other):
                if let id = sides[1 - side].links[other] { later(side, .event(.received(bytes[...], on: id))) }
                later(1 - side, .event(.drained(other)))
            case .close(let other):
                if let id = sides[1 - side].links.removeValue(forKey: other) { later(side, .event(.closed(id, nil))) }
            case .wake(let at): sides[1 - side].wakeAt = at
            default: break
            }
        }
        let isTaken = sides[side].links[id] != nil
        handle(isTaken ? .connected(id, localAddress: "192.0.2.1") : .connectFailed(id, "refused"), by: side)
    }

    /// Keeps what the other side says of its routes.
    private mutating func listen(_ bytes: ArraySlice<UInt8>, _ id: Int, by side: Int) {
        sides[side].decoders[id, default: StreamDecoder()].append(bytes)
        while let message = (try? sides[side].decoders[id]?.next(Codec())).flatMap({ $0 }) {
            guard case .update(let update) = message else { continue }
            for prefix in update.withdrawn + (update.unreach?.prefixes ?? []) { sides[side].table[prefix] = nil }
            for prefix in update.announced + (update.reach?.prefixes ?? []) {
                sides[side].table[prefix] = Path(communities: update.attributes.communities)
            }
        }
    }

    mutating func run(for duration: Duration) {
        let end = now.advanced(by: duration)
        while true {
            let wakes = (0..<2).compactMap { side in sides[side].wakeAt.map { (at: $0, side: side) } }
            let wake = wakes.min { $0.at < $1.at }
            let next = queue.indices.min { queue[$0].at < queue[$1].at }
            let nextAt = [wake?.at, next.map { queue[$0].at }].compactMap { $0 }.min()
            guard let nextAt, nextAt <= end else { break }
            now = max(now, nextAt)
            if let next, queue[next].at <= now {
                let (_, side, what) = queue.remove(at: next)
                switch what {
                case .event(let event): handle(event, by: side)
                case .connecting(let id): connect(id, from: side)
                }
            } else if let wake {
                sides[wake.side].wakeAt = nil
                handle(.timer, by: wake.side)
            }
        }
        now = end
    }

    /// One thing that happens to one side.
    mutating func disturb() {
        let side = Int.random(in: 0..<2, using: &rng)
        let third = UInt32.random(in: 0..<6, using: &rng)
        let prefix: Prefix = Prefix(.v4(IPv4Address(rawValue: 0xCB00_7100 | third << 4)), length: 28) ?? "::/0"
        let path = Path(communities: [Community(high: 1, low: UInt16.random(in: 0..<3, using: &rng))])
        switch Int.random(in: 0..<8, using: &rng) {
        case 0: cut()
        case 1: isCut = true
        case 2: heal()
        case 3: handle(.bfdDown, by: side)
        case 4: handle(.amended([prefix: nil]), by: side)
        case 5:
            handle(.stop(.restart), by: side)
            handle(.start, by: side)
        default: handle(.amended([prefix: path]), by: side)
        }
    }

    /// Breaks all connections at both ends.
    private mutating func cut() {
        heal()
        for side in 0..<2 {
            for id in sides[side].links.keys.sorted() { later(side, .event(.closed(id, "reset"))) }
        }
        held = []
        queue.removeAll { if case .event(.received) = $0.what { true } else { false } }
        for side in 0..<2 { sides[side].links = [:] }
    }

    mutating func heal() {
        isCut = false
        for (side, what) in held { later(side, what) }
        held = []
    }
}
