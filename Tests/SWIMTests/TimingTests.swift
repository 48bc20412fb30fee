import Testing
import Wire

@testable import SWIM

@Suite struct TimingTests {
    // MARK: Figures

    @Test(arguments: [(0.5, -0.693_147_180_559_945), (1, 0), (2, 0.693_147_180_559_945), (10, 2.302_585_092_994_046)])
    func logarithms(value: Double, logarithm: Double) {
        #expect(abs(Logarithm.natural(value) - logarithm) < 1e-14)
    }

    /// 4 × max(1, log10 n) × 1 s, in thousandths of the logarithm.
    @Test(arguments: [(1, 4_000), (10, 4_000), (20, 5_204), (100, 8_000), (1_000, 12_000)])
    func suspicionsGrowWithTheGroup(members: Int, milliseconds: Int) {
        #expect(Timing.lan.suspicionMinimum(members: members) == .milliseconds(milliseconds))
    }

    // MARK: Round trips

    @Test func aLinkThatAnswersAtOnceIsNotStretched() {
        var roundTrip = RoundTrip()
        #expect(roundTrip.stretch(.fast) == 1)
        for _ in 0..<10 { roundTrip.measured(.milliseconds(2)) }
        #expect(roundTrip.stretch(.fast) == 1)
    }

    /// RFC 6298: the first measurement alone gives 500 ms + 4 × 250 ms, which is six times 250 ms; then the variation
    /// goes.
    @Test func aSlowLinkIsStretched() {
        var roundTrip = RoundTrip()
        roundTrip.measured(.milliseconds(500))
        #expect(roundTrip.stretch(.fast) == 6)
        for _ in 0..<50 { roundTrip.measured(.milliseconds(500)) }
        #expect(abs(roundTrip.stretch(.fast) - 2) < 0.01)
        for _ in 0..<50 { roundTrip.measured(.seconds(5)) }
        #expect(roundTrip.stretch(.fast) == 10)
        #expect(roundTrip.stretch(.lan) == 1)
    }

    @Test func aLossyLinkIsStretchedForAWhile() {
        var roundTrip = RoundTrip()
        roundTrip.measured(.milliseconds(1))
        roundTrip.lost()
        #expect(roundTrip.stretch(.fast) == 2)
        roundTrip.lost()
        #expect(roundTrip.stretch(.fast) == 4)
        for _ in 0..<50 { roundTrip.measured(.milliseconds(1)) }
        #expect(roundTrip.stretch(.fast) < 1.01)
        for _ in 0..<100 { roundTrip.lost() }
        #expect(roundTrip.stretch(.fast) == 10)
    }

    /// Told once it lasts, and not again before it has doubled or is over.
    @Test func aStretchThatLastsIsNews() {
        var roundTrip = RoundTrip()
        var told: [Int] = []
        func pass(_ count: Int, _ happen: (inout RoundTrip) -> Void) {
            for _ in 0..<count {
                happen(&roundTrip)
                if let factor = roundTrip.takeNews(.fast) { told.append(factor) }
            }
        }
        pass(100) { $0.measured(.milliseconds(2)) }
        pass(1) { $0.lost() }
        pass(100) { $0.measured(.milliseconds(2)) }
        #expect(told == [], "a single loss")
        pass(500) { $0.measured(.milliseconds(750)) }
        #expect(told == [2])
        pass(500) { $0.measured(.milliseconds(1_250)) }
        #expect(told == [2, 4])
        pass(500) { $0.measured(.milliseconds(2)) }
        #expect(told == [2, 4, 1])
        #expect(roundTrip.takeNews(.lan) == nil)
    }

    /// A member whose answer took 400 ms: 400 + 4 × 200 ms is 4.8 times 250 ms, so a probe has 2.4 s and a suspicion 9.6
    /// s.
    @Test func aSlowMemberIsGivenMoreTime() throws {
        var rig = Rig.group(of: 2, timing: .fast)
        let (ping, target) = try rig.nextPing()
        rig.pass(.milliseconds(400))
        rig.receive(.ack(Ack(sequence: ping.sequence)), from: target)
        #expect(rig.instance.stretch(of: "b") == 4.8)
        _ = try rig.nextPing()
        rig.pass(.milliseconds(2_399))
        #expect(rig.status("b") == .alive)
        rig.pass(.milliseconds(1))
        #expect(rig.status("b") == .suspect)
        rig.pass(.milliseconds(9_599))
        #expect(rig.status("b") == .suspect)
        rig.pass(.milliseconds(1))
        #expect(rig.status("b") == .dead)
    }

    /// The whole of it on a good link: 500 ms for the probe, 2 s as a suspect.
    @Test func theFastProfileIsFast() throws {
        var rig = Rig.group(of: 2, timing: .fast)
        _ = try rig.nextPing()
        rig.pass(.milliseconds(2_499))
        #expect(rig.status("b") == .suspect)
        rig.pass(.milliseconds(1))
        #expect(rig.status("b") == .dead)
    }

    /// Who has suspected a member that refutes has lost what was sent to it, or its answers; others have not.
    @Test(arguments: [("a", 2.0), ("c", 1.0)])
    func aRefutedSuspicionOfItsOwnStretches(accuser: String, factor: Double) {
        var rig = Rig.group(of: 3, timing: .fast)
        rig.receive(.suspect(Suspect(incarnation: 1, node: "b", from: accuser)))
        rig.receive(.alive(Alive(incarnation: 2, node: "b", address: .host(2))))
        #expect(rig.instance.stretch(of: "b") == factor)
    }

    // MARK: The switch

    @Test func theFiguresChangeWhileItRuns() {
        var rig = Rig.group(of: 3)
        rig.send(.timing(.fast))
        rig.pass(.seconds(5)) { answered($0) }
        #expect((9...11).contains(rig.pings.count))
        rig.send(.timing(.lan))
        rig.pass(.seconds(1)) { answered($0) }
        rig.clear()
        rig.pass(.seconds(10)) { answered($0) }
        #expect(rig.pings.count == 10)
    }

    // MARK: A process that was stopped

    /// An answer that it has missed is not the other one's fault.
    @Test func aStopIsNoFailureOfOthers() throws {
        var rig = Rig.group(of: 3)
        let (ping, target) = try rig.nextPing()
        rig.clear()
        rig.now = rig.now.advanced(by: .milliseconds(1_501))
        rig.send(.timer)
        #expect(rig.reports == [.late(by: .milliseconds(1_001))])
        #expect(rig.instance.counters.probesFailed == 0)
        #expect(rig.instance.counters.stops == 1)
        rig.receive(.ack(Ack(sequence: ping.sequence)), from: target)
        rig.pass(.seconds(1)) { answered($0) }
        #expect(rig.instance.counters.suspicions == 0)
    }

    @Test func aDelayWithinAProbeIntervalIsNone() throws {
        var rig = Rig.group(of: 3)
        _ = try rig.nextPing()
        rig.clear()
        rig.now = rig.now.advanced(by: .milliseconds(1_500))
        rig.send(.timer)
        #expect(rig.reports.isEmpty)
        // The others are asked only now, and have their full time.
        rig.pass(.milliseconds(499))
        #expect(rig.instance.counters.probesFailed == 0)
        rig.pass(.milliseconds(1))
        #expect(rig.instance.counters.probesFailed == 1)
    }

    /// Whatever comes first shows it. The suspect gets 4 s again, in which it can refute.
    @Test func aSuspicionIsPostponedByAStop() {
        var rig = Rig.group(of: 3)
        rig.receive(.suspect(Suspect(incarnation: 1, node: "c", from: "b")))
        rig.pass(.milliseconds(100)) { answered($0) }
        rig.clear()
        rig.now = rig.now.advanced(by: .seconds(60))
        rig.receive(.ping(Ping(sequence: 1, node: "a")))
        guard case .late(let delay)? = rig.reports.first else {
            Issue.record("not noticed")
            return
        }
        #expect(delay > .seconds(59) && delay <= .seconds(60))
        rig.send(.timer)
        rig.pass(.milliseconds(3_999)) { answered($0) }
        #expect(rig.status("c") == .suspect)
        #expect(rig.reports == [.late(by: delay)])
        rig.pass(.milliseconds(1)) { answered($0) }
        #expect(rig.status("c") == .dead)
    }
}
