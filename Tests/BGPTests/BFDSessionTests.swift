import Testing
import Wire

@testable import BGP

/// BFD: transcripts of RFC 5880 section 6.8, and two sessions against each other.
@Suite struct BFDSessionTests {
    /// One session, and a peer whose packets are the test's.
    struct Rig {
        var session: BFD.Session
        var now = Instant.zero
        var directives: [BFD.Directive] = []
        private(set) var wakeAt: Instant?
        private var rng = PRNG(seed: 1)

        init(_ settings: BFD.Settings = .test) {
            session = BFD.Session(settings, discriminator: 77)
        }

        /// A session that is up with a peer that sends and takes a packet every 50 ms.
        static func up(_ settings: BFD.Settings = .test) -> Rig {
            var rig = Rig(settings)
            rig.send(.start)
            rig.receive(.peer(.down, your: 0))
            rig.receive(.peer(.up, isFinal: true))
            rig.directives = []
            return rig
        }

        @discardableResult mutating func send(_ event: BFD.Event) -> [BFD.Directive] {
            if case .timer = event { wakeAt = nil }
            let asked = session.handle(event, at: now, using: &rng)
            for case .wake(let at) in asked { wakeAt = at }
            directives += asked
            return asked
        }

        @discardableResult mutating func receive(_ packet: BFD.ControlPacket, hopLimit: UInt8 = 255) -> [BFD.Directive]
        {
            send(.received(packet.bytes[...], hopLimit: hopLimit))
        }

        /// Lets time pass, with a packet of the peer every so often.
        mutating func pass(
            _ duration: Duration, _ packet: BFD.ControlPacket? = nil, every interval: Duration = .seconds(1)
        ) {
            let end = now.advanced(by: duration)
            var nextPacket = packet.map { _ in now.advanced(by: interval) }
            while let next = [wakeAt, nextPacket].compactMap({ $0 }).min(), next <= end {
                now = max(now, next)
                if let packet, nextPacket == next {
                    nextPacket = next.advanced(by: interval)
                    receive(packet)
                } else {
                    send(.timer)
                }
            }
            now = end
        }

        var packets: [BFD.ControlPacket] {
            directives.compactMap { if case .send(let bytes) = $0 { try? BFD.ControlPacket(bytes[...]) } else { nil } }
        }

        var reports: [BFD.Report] {
            directives.compactMap { if case .report(let report) = $0 { report } else { nil } }
        }
    }

    @Test func fromDownToUp() {
        var rig = Rig()
        rig.send(.start)
        #expect(
            rig.packets == [
                BFD.ControlPacket(
                    state: .down, detectMultiplier: 3, myDiscriminator: 77, yourDiscriminator: 0,
                    desiredMinTxMicroseconds: 1_000_000, requiredMinRxMicroseconds: 50_000)
            ])
        rig.directives = []
        rig.pass(.seconds(10))
        #expect((10...14).contains(rig.packets.count))
        rig.directives = []
        rig.receive(.peer(.down, your: 0))
        #expect(rig.session.state == .initializing && rig.packets.map(\.state) == [.initializing])
        #expect(rig.packets.first?.yourDiscriminator == 99)
        rig.directives = []
        rig.receive(.peer(.initializing))
        #expect(rig.session.state == .up && rig.reports == [.up])
        // From a second to 50 ms: told by asking.
        #expect(rig.packets.map(\.isPoll) == [true] && rig.packets[0].desiredMinTxMicroseconds == 50_000)
        rig.receive(.peer(.up, isFinal: true))
        rig.directives = []
        rig.pass(.milliseconds(100), .peer(.up), every: .milliseconds(50))
        #expect(rig.packets.allSatisfy { !$0.isPoll && $0.state == .up } && rig.packets.count >= 2)
    }

    /// Section 6.8.6: the own state, the peer's, and what becomes of it.
    @Test(arguments: [
        (BFD.State.down, BFD.State.adminDown, BFD.State.down), (.down, .down, .initializing),
        (.down, .initializing, .up), (.down, .up, .down), (.initializing, .adminDown, .down),
        (.initializing, .down, .initializing), (.initializing, .initializing, .up), (.initializing, .up, .up),
        (.up, .adminDown, .down), (.up, .down, .down), (.up, .initializing, .up), (.up, .up, .up),
    ])
    func states(own: BFD.State, peer: BFD.State, next: BFD.State) {
        var rig = Rig()
        rig.send(.start)
        if own != .down { rig.receive(.peer(.down, your: 0)) }
        if own == .up { rig.receive(.peer(.up)) }
        #expect(rig.session.state == own)
        rig.directives = []
        rig.receive(.peer(peer))
        #expect(rig.session.state == next)
        #expect(rig.session.diagnostic == (own != .down && next == .down ? .neighborSignaledDown : .none))
        switch (own, peer) {
        case (.up, .down): #expect(rig.reports == [.down(.neighborSignaledDown)])
        case (.up, .adminDown): #expect(rig.reports == [.suspended])
        default: #expect(rig.reports == (own != .up && next == .up ? [.up] : []))
        }
    }

    /// Section 6.8.4: the peer's multiplier, times the longer of what it sends and what this side takes.
    @Test(arguments: [(UInt32(50_000), UInt8(3), 150), (20_000, 3, 150), (100_000, 5, 500)])
    func theDetectionTime(transmitMicroseconds: UInt32, multiplier: UInt8, milliseconds: Int) {
        var rig = Rig.up()
        var packet = BFD.ControlPacket.peer(.up)
        packet.desiredMinTxMicroseconds = transmitMicroseconds
        packet.detectMultiplier = multiplier
        rig.receive(packet)
        rig.pass(.milliseconds(milliseconds) - .nanoseconds(1))
        #expect(rig.session.state == .up)
        rig.directives = []
        rig.pass(.nanoseconds(1))
        #expect(rig.session.state == .down && rig.reports == [.down(.detectionTimeExpired)])
        #expect(rig.packets.map(\.diagnostic) == [.detectionTimeExpired] && rig.packets[0].yourDiscriminator == 0)
        #expect(rig.packets[0].desiredMinTxMicroseconds == 1_000_000)
    }

    /// Section 6.8.7: the longer of what this side sends and the peer takes, less up to a quarter, or for a multiplier of 1 a
    /// tenth at least.
    @Test(arguments: [
        (UInt8(3), UInt32(50_000), 37_500...50_000), (3, 200_000, 150_000...200_000), (1, 50_000, 37_500...45_000),
    ])
    func thePace(multiplier: UInt8, receiveMicroseconds: UInt32, microseconds: ClosedRange<Int>) {
        var settings = BFD.Settings.test
        settings.detectMultiplier = multiplier
        var rig = Rig.up(settings)
        var packet = BFD.ControlPacket.peer(.up)
        packet.requiredMinRxMicroseconds = receiveMicroseconds
        rig.receive(packet)
        rig.pass(.seconds(1), packet, every: .milliseconds(50))
        rig.directives = []
        var times: [Instant] = []
        for _ in 0..<4_000 {
            let before = rig.packets.count
            rig.pass(.milliseconds(1))
            if rig.packets.count > before { times.append(rig.now) }
            rig.receive(packet)
        }
        let gaps = zip(times, times.dropFirst()).map { $0.duration(to: $1).nanoseconds / 1_000 }
        // What is measured in milliseconds is up to one off.
        #expect(
            gaps.count > 10
                && gaps.allSatisfy { $0 >= microseconds.lowerBound - 1_000 && $0 <= microseconds.upperBound + 1_000 })
        #expect(gaps.contains { $0 < microseconds.lowerBound * 105 / 100 + 1_000 })
        #expect(Set(gaps).count > 3)
    }

    @Test func aPeerThatTakesNothingIsSentNothing() {
        var rig = Rig.up()
        var packet = BFD.ControlPacket.peer(.up)
        packet.requiredMinRxMicroseconds = 0
        rig.receive(packet)
        rig.directives = []
        rig.pass(.seconds(1), packet, every: .milliseconds(50))
        #expect(rig.packets.isEmpty && rig.session.state == .up)
        rig.receive(.peer(.up))
        rig.pass(.milliseconds(100))
        #expect(!rig.packets.isEmpty)
    }

    @Test func aPollIsAnsweredAtOnce() {
        var rig = Rig.up()
        var poll = BFD.ControlPacket.peer(.up)
        poll.isPoll = true
        rig.receive(poll)
        #expect(rig.packets.map(\.isFinal) == [true] && rig.packets[0].isPoll == false)
    }

    /// Demand mode is refused: packets go on, and the peer is still watched.
    @Test func demandModeIsRefused() {
        var rig = Rig.up()
        var demand = BFD.ControlPacket.peer(.up)
        demand.isDemand = true
        rig.pass(.seconds(1), demand, every: .milliseconds(50))
        #expect(rig.packets.count >= 20 && rig.packets.allSatisfy { !$0.isDemand })
        #expect(rig.session.counters.demands == 20 && rig.session.state == .up)
        rig.pass(.milliseconds(150))
        #expect(rig.session.state == .down)
    }

    @Test func thePassiveSideWaits() {
        var settings = BFD.Settings.test
        settings.isPassive = true
        var rig = Rig(settings)
        rig.send(.start)
        rig.pass(.seconds(5))
        #expect(rig.packets.isEmpty)
        rig.receive(.peer(.down, your: 0))
        #expect(rig.packets.map(\.state) == [.initializing])
    }

    @Test func whatIsNotForItIsDropped() {
        var rig = Rig.up()
        rig.receive(.peer(.down), hopLimit: 254)
        rig.receive(.peer(.down, your: 78))
        rig.receive(.peer(.up, your: 0))
        rig.send(.received([1, 2, 3], hopLimit: 255))
        var signed = BFD.ControlPacket.peer(.down)
        signed.authentication = .init(type: 4, data: Array(repeating: 0, count: 26))
        rig.receive(signed)
        let counters = rig.session.counters
        #expect(rig.session.state == .up && counters.tooFar == 1 && counters.otherSession == 2)
        #expect(counters.malformed == 1 && counters.notAuthentic == 1)
        var settings = BFD.Settings.test
        settings.minimumHopLimit = 250
        var far = Rig(settings)
        far.send(.start)
        far.receive(.peer(.down, your: 0), hopLimit: 250)
        #expect(far.session.state == .initializing)
    }

    /// Section 6.8.16; RFC 5882 section 3.2 keeps the peer from taking routes back.
    @Test func theEndIsTold() {
        var rig = Rig.up()
        rig.send(.stop)
        #expect(rig.packets.map(\.state) == [.adminDown] && rig.packets[0].diagnostic == .administrativelyDown)
        #expect(rig.reports.isEmpty)
        rig.receive(.peer(.down))
        rig.pass(.seconds(1))
        #expect(rig.packets.count == 2 && rig.reports == [.ended])
        rig.directives = []
        rig.pass(.seconds(10))
        rig.receive(.peer(.down, your: 0))
        #expect(rig.directives.isEmpty && rig.send(.stop) == [.report(.ended)])
        rig.send(.start)
        #expect(rig.session.state == .down && rig.packets.map(\.state) == [.down])
    }

    /// What the peer sent while this process did not run waits in the socket.
    @Test func aProcessThatWasStoppedBlamesNobody() {
        var rig = Rig.up()
        rig.now = rig.now.advanced(by: .seconds(2))
        rig.send(.timer)
        #expect(rig.session.state == .up)
        rig.receive(.peer(.up))
        rig.pass(.milliseconds(100))
        #expect(rig.session.state == .up)
        rig.now = rig.now.advanced(by: .seconds(2))
        rig.send(.timer)
        rig.pass(.milliseconds(50))
        #expect(rig.session.state == .down)
    }

    // MARK: Authentication

    private static func signed(_ packet: BFD.ControlPacket, _ key: BFD.Authentication, _ sequence: UInt32) -> BFD.Event
    {
        .received(key.sign(packet, sequence: sequence)[...], hopLimit: 255)
    }

    /// Section 6.7.4: numbers up to three times the multiplier ahead; the same again only where the key is not meticulous.
    @Test(arguments: [true, false]) func whatWasRecordedIsNotTaken(isMeticulous: Bool) {
        let key = BFD.Authentication(keyID: 1, key: "tea".utf8, isMeticulous: isMeticulous)
        var settings = BFD.Settings.test
        settings.authentication = key
        var rig = Rig(settings)
        rig.send(.start)
        rig.receive(.peer(.down, your: 0))
        #expect(rig.session.counters.notAuthentic == 1)
        rig.send(Self.signed(.peer(.down, your: 0), key, .max))
        rig.send(Self.signed(.peer(.up), key, 0))
        #expect(rig.session.state == .up)
        for sequence in [UInt32.max, 10, 1 << 31] { rig.send(Self.signed(.peer(.down), key, sequence)) }
        #expect(rig.session.state == .up && rig.session.counters.notAuthentic == 4)
        rig.send(Self.signed(.peer(.up), key, 0))
        #expect(rig.session.counters.notAuthentic == (isMeticulous ? 5 : 4))
        rig.send(Self.signed(.peer(.down), key, 9))
        #expect(rig.session.state == .down)
        // Each packet of its own is one further.
        let numbers = rig.packets.compactMap { packet in key.verify(packet, packet.bytes[...]) }
        #expect(numbers.count == rig.packets.count)
        #expect(zip(numbers, numbers.dropFirst()).allSatisfy { $1 == $0 &+ 1 })
    }

    // MARK: Two of them

    /// From a seed, with 5 % of packets lost: up within seconds, no false alarm at 50 ms × 5, and a cut found within the
    /// detection time.
    @Test(arguments: 1...20 as ClosedRange<UInt64>) func twoOfThem(seed: UInt64) {
        var rng = PRNG(seed: seed)
        var settings = BFD.Settings.test
        settings.detectMultiplier = 5
        if seed % 2 == 0 { settings.authentication = .init(keyID: 1, key: "tea".utf8, isMeticulous: seed % 4 == 0) }
        var sides = [11, 22].map { BFD.Session(settings, discriminator: $0) }
        var wakes: [Instant?] = [nil, nil]
        var queue: [(at: Instant, to: Int, bytes: [UInt8])] = []
        var downs: [Instant] = []
        var now = Instant.zero
        var lossPercent = 5

        func tell(_ event: BFD.Event, _ side: Int) {
            for directive in sides[side].handle(event, at: now, using: &rng) {
                switch directive {
                case .send(let bytes):
                    if Int.random(in: 0..<100, using: &rng) >= lossPercent {
                        queue.append((now.advanced(by: .milliseconds(1)), 1 - side, bytes))
                    }
                case .wake(let at): wakes[side] = at
                case .report(.down): downs.append(now)
                case .report: break
                }
            }
        }
        func run(until end: Instant) {
            while true {
                let next = (wakes.compactMap { $0 } + queue.map(\.at)).min()
                guard let next, next <= end else { break }
                now = max(now, next)
                if let first = queue.first, first.at <= now {
                    queue.removeFirst()
                    tell(.received(first.bytes[...], hopLimit: 255), first.to)
                } else if let side = wakes.firstIndex(where: { $0.map { $0 <= now } ?? false }) {
                    wakes[side] = nil
                    tell(.timer, side)
                }
            }
            now = end
        }
        for side in 0..<2 { tell(.start, side) }
        run(until: Instant(nanoseconds: 10_000_000_000))
        #expect(sides.map(\.state) == [.up, .up])
        run(until: Instant(nanoseconds: 120_000_000_000))
        #expect(downs.isEmpty && sides.allSatisfy { $0.counters.notAuthentic == 0 })
        let cut = now
        lossPercent = 100
        run(until: cut.advanced(by: .seconds(1)))
        #expect(downs.count == 2 && downs.allSatisfy { cut.duration(to: $0) <= .milliseconds(251) })
    }
}

extension BFD.Settings {
    static let test = BFD.Settings(transmitInterval: .milliseconds(50), receiveInterval: .milliseconds(50))
}

extension BFD.ControlPacket {
    /// A packet of the peer.
    static func peer(_ state: BFD.State, your: UInt32 = 77, isFinal: Bool = false) -> BFD.ControlPacket {
        BFD.ControlPacket(
            state: state, isFinal: isFinal, detectMultiplier: 3, myDiscriminator: 99, yourDiscriminator: your,
            desiredMinTxMicroseconds: 50_000, requiredMinRxMicroseconds: 50_000)
    }
}
