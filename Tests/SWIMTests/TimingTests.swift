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

    /// RFC 6298: the first measurement alone gives 100 ms + 4 × 50 ms, which is six times 50 ms; then the variation
    /// goes.
    @Test func aSlowLinkIsStretched() {
        var roundTrip = RoundTrip()
        roundTrip.measured(.milliseconds(100))
        #expect(roundTrip.stretch(.fast) == 6)
        for _ in 0..<50 { roundTrip.measured(.milliseconds(100)) }
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

    /// A member whose answer took 80 ms: 80 + 4 × 40 ms is 4.8 times 50 ms, so a probe has 480 ms and a suspicion 1.44
    /// s.
    @Test func aSlowMemberIsGivenMoreTime() throws {
        var rig = Rig.group(of: 2, timing: .fast)
        let (ping, target) = try rig.nextPing()
        rig.pass(.milliseconds(80))
        rig.receive(.ack(Ack(sequence: ping.sequence)), from: target)
        #expect(rig.instance.stretch(of: "b") == 4.8)
        _ = try rig.nextPing()
        rig.pass(.milliseconds(479))
        #expect(rig.status("b") == .alive)
        rig.pass(.milliseconds(1))
        #expect(rig.status("b") == .suspect)
        rig.pass(.milliseconds(1_439))
        #expect(rig.status("b") == .suspect)
        rig.pass(.milliseconds(1))
        #expect(rig.status("b") == .dead)
    }

    /// The whole of it on a good link: 100 ms for the probe, 300 ms as a suspect.
    @Test func theFastProfileIsFast() throws {
        var rig = Rig.group(of: 2, timing: .fast)
        _ = try rig.nextPing()
        rig.pass(.milliseconds(399))
        #expect(rig.status("b") == .suspect)
        rig.pass(.milliseconds(1))
        #expect(rig.status("b") == .dead)
    }

    // MARK: The switch

    @Test func theFiguresChangeWhileItRuns() {
        var rig = Rig.group(of: 3)
        rig.send(.timing(.fast))
        rig.pass(.seconds(1)) { answered($0) }
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
