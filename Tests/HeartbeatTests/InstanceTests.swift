import Heartbeat
import Testing
import Wire

@Suite struct InstanceTests {
    static let names = ["pi1", "pi2", "pi3", "pi4", "pi5", "pi6", "pi7"]

    /// An owner that dies is called silent by all others, at the promised time, from three to seven nodes.
    @Test(arguments: [3, 5, 7]) func aDeathIsKnownInAFifthOfASecond(count: Int) {
        var worst = Duration.zero
        for seed in 1...50 as ClosedRange<UInt64> {
            var network = Network(seed: seed, Array(Self.names.prefix(count)))
            network.handle(.claims(count: 2), by: "pi1")
            network.run(for: .milliseconds(1_000 + Int64(seed) * 7))
            network.nodes["pi1"]?.isUp = false
            let death = network.now
            network.run(for: .seconds(1))
            let silences = network.silences(of: "pi1")
            #expect(silences.count == count - 1, "seed \(seed)")
            for at in silences { worst = max(worst, death.duration(to: at)) }
        }
        // One who asks and answers at once may be heard in the wrong order, and asks once more.
        #expect(worst <= .milliseconds(244))
        #expect(worst >= .milliseconds(203), "the test is to see the worst case")
    }

    /// Silence that was a fault says nothing about the link: who is heard again is given no more time than before, and neither
    /// are the others by a node that was cut off itself. A question more may be asked, of 25 ms.
    @Test func aFaultThatIsOverCostsNoTime() {
        for isCutOff in [false, true] {
            var worst = Duration.zero
            for seed in 1...30 as ClosedRange<UInt64> {
                var network = Network(seed: seed, ["pi1", "pi2", "pi3"])
                network.handle(.claims(count: 1), by: "pi1")
                network.run(for: .milliseconds(1_000 + Int64(seed) * 7))
                let cuts = ["pi2", "pi3"].flatMap { [["pi1", $0], [$0, "pi1"]] }
                network.cuts =
                    isCutOff ? [["pi1", "pi2"], ["pi2", "pi1"], ["pi3", "pi2"], ["pi2", "pi3"]] : Set(cuts)
                network.run(for: .milliseconds(650))
                network.cuts = []
                network.run(for: .milliseconds(150))
                network.nodes["pi1"]?.isUp = false
                let death = network.now
                network.run(for: .seconds(2))
                for at in network.silences(of: "pi1") where at > death { worst = max(worst, death.duration(to: at)) }
            }
            #expect(worst > .milliseconds(150) && worst <= .milliseconds(244), "\(isCutOff): \(worst)")
        }
    }

    /// Beats that were not read at once count from when they came: what is due then does not depend on it.
    @Test(arguments: [0, 30, 79] as [Int64]) func aBeatCountsFromWhenItCame(lateMilliseconds: Int64) {
        let late = Duration.milliseconds(lateMilliseconds)
        var rng = PRNG(seed: 1)
        var instance = Instance(name: "pi2", instance: 2)
        _ = instance.handle(.members(["pi1": 1]), at: .zero, using: &rng)
        var wake: Instant?
        for number in 1...20 as ClosedRange<Int64> {
            let arrival = Instant.zero.advanced(by: .milliseconds(80 * number))
            let beat = Beat(claimCount: 1, intervalMilliseconds: 80)
            let packet = Packet(sender: "pi1", instance: 1, counter: UInt64(number), body: .beat(beat))
            let directives = instance.handle(
                .received(packet, age: late), at: arrival.advanced(by: late), using: &rng)
            for case .wake(at: let at) in directives { wake = at }
        }
        #expect(wake == Instant.zero.advanced(by: .milliseconds(1_600 + 192)))
    }

    /// With nobody else to ask, the owner has more time to answer.
    @Test func ofTwoNodesTheOtherTakesLonger() {
        var network = Network(seed: 1, ["pi1", "pi2"])
        network.handle(.claims(count: 1), by: "pi1")
        network.run(for: .seconds(1))
        network.nodes["pi1"]?.isUp = false
        let death = network.now
        network.run(for: .seconds(1))
        let silences = network.silences(of: "pi1").map { death.duration(to: $0) }
        #expect(silences.count == 1 && silences[0] > .milliseconds(182) && silences[0] < .milliseconds(264))
    }

    /// 5 % of all packets lost, each by itself, for a simulated day: questions are asked, and nobody is called silent.
    @Test func lossAloneSilencesNobody() {
        var network = Network(seed: 5, ["pi1", "pi2", "pi3"])
        network.lossPercent = 5
        for name in network.nodes.keys.sorted() { network.handle(.claims(count: 1), by: name) }
        // A day has 3.2 million beats; an hour here, the day in the soak.
        network.run(for: .seconds(3_600))
        #expect(network.told.filter { $0.report.isSilence }.isEmpty)
        let inquiries = network.nodes.values.reduce(0) { $0 + $1.instance.counters.inquiries }
        #expect(inquiries > 100)
        let perSecond = network.packetCount / 3_600
        #expect(perSecond <= 3 * 14, "an owner sends a beat each 80 ms and little more")
    }

    /// A link that works one way only: who does not hear the owner learns from others that it lives.
    @Test func whoAloneDoesNotHearTheOwnerIsTold() {
        var network = Network(seed: 2, ["pi1", "pi2", "pi3"])
        network.handle(.claims(count: 1), by: "pi1")
        network.run(for: .seconds(1))
        network.cuts = [["pi1", "pi2"]]
        network.run(for: .seconds(60))
        #expect(network.silences(of: "pi1").isEmpty)
        #expect((network.nodes["pi2"]?.instance.counters.found ?? 0) > 10)
    }

    /// A process that was stopped calls nobody silent, says that it was, and is called silent itself; then it is heard.
    @Test func whoWasStoppedBlamesNobody() {
        var network = Network(seed: 3, ["pi1", "pi2", "pi3"])
        for name in ["pi1", "pi2"] { network.handle(.claims(count: 1), by: name) }
        network.run(for: .seconds(1))
        network.nodes["pi2"]?.frozenUntil = network.now.advanced(by: .seconds(2))
        network.run(for: .seconds(4))
        #expect(network.silences(of: "pi1").isEmpty)
        #expect(network.silences(of: "pi2").count == 2)
        let byStopped = network.told.filter { $0.by == "pi2" }.map(\.report)
        #expect(byStopped.contains { if case .late(let by) = $0 { by > .seconds(1) } else { false } })
        #expect(network.told.filter { $0.report == .heard("pi2") }.count == 2)
    }

    /// Beats that come irregularly are given more time, within a bound: no false alarm, and a death is still found.
    @Test func aBadLinkIsGivenMoreTime() {
        var network = Network(seed: 4, ["pi1", "pi2", "pi3"])
        network.jitter = .milliseconds(300)
        network.lossPercent = 10
        network.handle(.claims(count: 1), by: "pi1")
        network.run(for: .seconds(600))
        #expect(network.silences(of: "pi1").isEmpty)
        network.nodes["pi1"]?.isUp = false
        let death = network.now
        network.run(for: .seconds(10))
        let silences = network.silences(of: "pi1").map { death.duration(to: $0) }
        #expect(silences.count == 2)
        #expect(silences.allSatisfy { $0 < .seconds(4) }, "\(silences)")
    }

    /// Who gives up its last address says so a few times and may then be silent.
    @Test func whoAnswersForNothingIsNotMissed() {
        var network = Network(seed: 6, ["pi1", "pi2", "pi3"])
        network.lossPercent = 20
        network.handle(.claims(count: 1), by: "pi1")
        network.run(for: .seconds(1))
        network.handle(.claims(count: 0), by: "pi1")
        network.run(for: .seconds(1))
        let before = network.packetCount
        network.run(for: .seconds(10))
        #expect(network.packetCount == before)
        #expect(network.silences(of: "pi1").isEmpty)
    }

    /// A restart is announced: the owner may be silent for so long and no longer.
    @Test func aRestartIsWaitedFor() {
        var network = Network(seed: 7, ["pi1", "pi2", "pi3"])
        network.handle(.claims(count: 1), by: "pi1")
        network.run(for: .seconds(1))
        network.handle(.pause(.seconds(5)), by: "pi1")
        network.nodes["pi1"]?.isUp = false
        let end = network.now
        network.run(for: .seconds(10))
        let silences = network.silences(of: "pi1").map { end.duration(to: $0) }
        #expect(silences.count == 2)
        #expect(silences.allSatisfy { $0 >= .seconds(5) && $0 < .milliseconds(5_300) })
    }

    @Test func whetherANodeAnswersIsToldWhenItChanges() {
        var network = Network(seed: 9, ["pi1", "pi2"])
        for count in [1, 2, 0, 1] as [Int] {
            network.handle(.claims(count: count), by: "pi1")
            network.run(for: .seconds(1))
        }
        network.handle(.pause(.seconds(5)), by: "pi1")
        network.run(for: .seconds(1))
        let told = network.told.filter { $0.by == "pi2" }.map(\.report)
        #expect(told == [true, false, true].map { .answering("pi1", $0) })
    }

    /// What was recorded and is sent again keeps nobody alive, nor does a daemon of which gossip knows nothing.
    @Test func recordedPacketsDoNotCount() {
        var network = Network(seed: 8, ["pi1", "pi2"])
        network.handle(.claims(count: 1), by: "pi1")
        let beat = Beat(claimCount: 1, intervalMilliseconds: 75)
        let recorded = Packet(sender: "pi1", instance: 1, counter: 1, body: .beat(beat))
        network.run(for: .seconds(1))
        network.nodes["pi1"]?.isUp = false
        for counter in 1...20 {
            network.handle(.received(recorded), by: "pi2")
            let other = Packet(sender: "pi1", instance: 99, counter: UInt64(counter), body: .beat(beat))
            network.handle(.received(other), by: "pi2")
            network.run(for: .milliseconds(50))
        }
        #expect(network.silences(of: "pi1").count == 1)
        #expect(network.nodes["pi2"]?.instance.counters.oldPackets == 20)
        #expect(network.nodes["pi2"]?.instance.counters.strangers == 20)
    }

    /// Whom gossip does not call alive, after a cut perhaps, answers for addresses all the same where it beats: told once a second, and
    /// taken back where gossip then names another daemon. What was recorded of it does not count.
    @Test func aStrangerThatBeatsAnswers() {
        var network = Network(seed: 8, ["pi1", "pi2"])
        network.handle(.claims(count: 1), by: "pi1")
        network.run(for: .seconds(1))
        network.handle(.members([:]), by: "pi2")
        network.told = []
        network.run(for: .seconds(2))
        let told = network.told.filter { $0.by == "pi2" }.map(\.report)
        #expect(
            told.filter { $0 == .heard("pi1") }.count == 2 && told.filter { $0 == .answering("pi1", true) }.count == 2)
        network.nodes["pi1"]?.isUp = false
        network.told = []
        let recorded = Packet(
            sender: "pi1", instance: 1, counter: 9, body: .beat(Beat(claimCount: 1, intervalMilliseconds: 100)))
        network.run(for: .seconds(2))
        network.handle(.received(recorded), by: "pi2")
        #expect(network.told.isEmpty)
        network.handle(.members(["pi1": 5]), by: "pi2")
        #expect(network.told.map(\.report) == [.answering("pi1", false)])
        network.handle(.members(["pi1": 1]), by: "pi2")
        network.handle(.received(recorded), by: "pi2")
        #expect(network.told.count == 1)
    }

    /// A node that is cut off notices that it hears nobody before it calls anybody silent; the others hear each other.
    @Test(arguments: UInt64(1)...20) func whoHearsNobodySaysSoFirst(seed: UInt64) throws {
        var network = Network(seed: seed, ["pi1", "pi2", "pi3", "pi4"])
        for name in ["pi1", "pi2", "pi3"] { network.handle(.claims(count: 1), by: name) }
        network.run(for: .milliseconds(1_000 + Int64(seed) * 7))
        let others = ["pi2", "pi3", "pi4"]
        network.cuts = Set(others.flatMap { [["pi1", $0], [$0, "pi1"]] })
        let cut = network.now
        network.run(for: .seconds(3))
        let told = network.told.filter { $0.by == "pi1" && $0.at >= cut }
        let first = try #require(told.first)
        #expect(first.report == .alone(true) && cut.duration(to: first.at) < .milliseconds(300))
        #expect(told.filter { $0.report == .alone(true) }.count == 1)
        // Somebody may be asked who has not been heard for a while; the answer comes at once.
        for name in others {
            let last = network.told.last { $0.by == name && [.alone(true), .alone(false)].contains($0.report) }
            #expect(last?.report != .alone(true))
        }
        network.cuts = []
        network.run(for: .milliseconds(100))
        #expect(network.told.contains { $0.by == "pi1" && $0.report == .alone(false) })
    }

    /// After a cut several nodes may have taken something: each is told of when its beat comes.
    @Test func eachDifferenceIsToldOf() {
        var instance = Instance(name: "pi1", instance: 1)
        var rng = PRNG(seed: 1)
        func differences(_ sender: String, _ counter: UInt64, atMilliseconds time: Int64, digest: UInt64) -> [String] {
            let beat = Beat(claimCount: 1, digest: digest, intervalMilliseconds: 80)
            let packet = Packet(sender: sender, instance: 7, counter: counter, body: .beat(beat))
            let now = Instant.zero.advanced(by: .milliseconds(time))
            return instance.handle(.received(packet, age: .zero), at: now, using: &rng).compactMap { directive in
                if case .report(.differs(let name)) = directive { name } else { nil }
            }
        }
        _ = instance.handle(.members(["pi2": 7, "pi3": 7]), at: .zero, using: &rng)
        #expect(differences("pi2", 1, atMilliseconds: 10, digest: 5) == ["pi2"])
        #expect(differences("pi3", 1, atMilliseconds: 11, digest: 6) == ["pi3"])
        #expect(differences("pi2", 2, atMilliseconds: 30, digest: 5) == [], "what tells of it may be on its way")
        #expect(differences("pi2", 3, atMilliseconds: 110, digest: 5) == ["pi2"])
        _ = instance.handle(.digests(["pi2": 5]), at: .zero.advanced(by: .milliseconds(120)), using: &rng)
        #expect(differences("pi2", 4, atMilliseconds: 190, digest: 5) == [])
        #expect(differences("pi2", 5, atMilliseconds: 200, digest: 9) == ["pi2"])
    }

    /// An owner that dies before a node has heard it at all, which has just begun, is missed there too, as soon as by the others.
    @Test func whoDiesBeforeItIsHeardIsMissed() {
        var network = Network(seed: 11, ["pi1", "pi2", "pi3"])
        network.handle(.claims(count: 1, digest: 7), by: "pi1")
        network.handle(.digests(["pi1": 7]), by: "pi2")
        network.cuts = [["pi1", "pi3"]]
        network.run(for: .seconds(1))
        network.nodes["pi1"]?.isUp = false
        let death = network.now
        network.handle(.digests(["pi1": 7]), by: "pi3")
        network.run(for: .seconds(1))
        let silences = network.silences(of: "pi1")
        #expect(silences.count == 2 && silences.allSatisfy { death.duration(to: $0) <= .milliseconds(219) })
    }

    /// One that only others believe to answer for something is asked, and not missed.
    @Test func whoIsWronglyBelievedToAnswerIsNotMissed() {
        var network = Network(seed: 12, ["pi1", "pi2", "pi3"])
        for name in ["pi2", "pi3"] { network.handle(.digests(["pi1": 7]), by: name) }
        network.run(for: .seconds(2))
        #expect(network.told.allSatisfy { !$0.report.isSilence })
        let before = network.packetCount
        network.run(for: .seconds(10))
        #expect(network.packetCount == before)
    }

    /// Who has nothing to answer for when it could be heard again is found all the same, within a second.
    @Test func whoWasSilentIsLookedFor() {
        var network = Network(seed: 9, ["pi1", "pi2", "pi3"])
        network.handle(.claims(count: 1), by: "pi1")
        network.run(for: .seconds(1))
        network.cuts = [["pi1", "pi2"], ["pi1", "pi3"]]
        network.run(for: .seconds(1))
        network.handle(.claims(count: 0), by: "pi1")
        network.run(for: .seconds(5))
        #expect(network.silences(of: "pi1").count == 2)
        network.cuts = []
        network.run(for: .milliseconds(1_100))
        #expect(network.told.filter { $0.report == .heard("pi1") }.count == 2)
        let before = network.packetCount
        network.run(for: .seconds(10))
        #expect(network.packetCount == before)
    }
}

extension Report {
    var isSilence: Bool {
        if case .silent = self { true } else { false }
    }
}
