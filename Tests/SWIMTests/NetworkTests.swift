import Testing
import Wire

@testable import SWIM

/// Whole groups, from a seed. A number that fails is the seed that reproduces it.
@Suite struct NetworkTests {
    @Test(arguments: [UInt64(1), 2, 3], [3, 7])
    func everybodySeesAJoin(seed: UInt64, count: Int) {
        var network = Network.group(of: count, seed: seed)
        #expect(network.all(0..<count, see: 0..<count, as: .alive))
        network.crash(count - 1)
        network.pass(.seconds(300))
        #expect(network.all(0..<count - 1, see: [count - 1], as: nil))
        network.restart(count - 1, join: [.host(1)])
        let time = network.pass(atMost: .seconds(2)) { $0.all(0..<count, see: 0..<count, as: .alive) }
        #expect(time != nil)
    }

    /// A hundred members that all know the first one alone.
    @Test func aHundredFindEachOther() {
        var network = Network(100)
        for node in 0..<100 {
            network.send(.started, to: node)
            network.send(.join([.host(1)]), to: node)
        }
        let time = network.pass(atMost: .seconds(30)) { $0.all(0..<100, see: 0..<100, as: .alive) }
        #expect(time != nil)
        #expect(network.deathsReported == 0)
    }

    /// Boards that boot minutes before the one that they are told of.
    @Test func whoeverBootsFirstWaitsForTheOthers() {
        var network = Network(3)
        for node in 1..<3 {
            network.send(.started, to: node)
            network.send(.join([.host(1)]), to: node)
        }
        network.crash(0)
        network.pass(.seconds(200))
        network.restart(0, join: [])
        let time = network.pass(atMost: .seconds(90)) { $0.all(0..<3, see: 0..<3, as: .alive) }
        #expect(time != nil)
    }

    /// Two rounds of probes until it is found, a probe, the longest suspicion and a second for the news.
    @Test(arguments: [UInt64(1), 2, 3, 4, 5], [2, 3, 7])
    func aCrashIsSeenByAll(seed: UInt64, count: Int) {
        for timing in [Timing.lan, .fast] {
            var network = Network.group(of: count, timing: timing, seed: seed)
            network.pass(.seconds(10))
            network.crash(0)
            let bound =
                timing.probeInterval * (2 * count + 1)
                + timing.suspicionMinimum(members: count) * timing.suspicionMaximumMultiplier + .seconds(1)
            let time = network.pass(atMost: bound) { $0.all(1..<count, see: [0], as: .dead) }
            #expect(time != nil, "\(timing)")
            #expect(network.deathsReported == count - 1)
        }
    }

    /// Six hours at 5 % loss, and some packets twice.
    @Test(arguments: [UInt64(1), 2])
    func noLiveMemberIsDeclaredDead(seed: UInt64) {
        var network = Network.group(of: 5, seed: seed)
        network.weather = Network.Weather(
            loss: 0.05, duplication: 0.02, delay: .microseconds(200)...Duration.milliseconds(20))
        network.pass(.seconds(6 * 3_600))
        #expect(network.deathsReported == 0)
        #expect(network.all(0..<5, see: 0..<5, as: .alive))
    }

    /// The same without TCP, behind a firewall: a refutation that is lost is told again.
    @Test(arguments: [UInt64(1), 2])
    func noLiveMemberIsDeclaredDeadWithoutTCP(seed: UInt64) {
        var network = Network.group(of: 5, seed: seed)
        network.weather = Network.Weather(loss: 0.05, hasStreams: false)
        network.pass(.seconds(6 * 3_600))
        #expect(network.deathsReported == 0)
        #expect(network.nodes.contains { $0.instance.counters.refutations > 5 })
    }

    /// Ten hours of a group in which some have not changed over to the fast profile yet, at 5 % loss.
    @Test(arguments: [UInt64(1), 2])
    func twoPacesInOneGroupBearEachOther(seed: UInt64) {
        var network = Network.group(of: 5, timing: .fast, seed: seed)
        for node in 0..<2 { network.send(.timing(.lan), to: node) }
        network.weather = Network.Weather(loss: 0.05, delay: .microseconds(200)...Duration.milliseconds(20))
        network.pass(.seconds(10 * 3_600))
        #expect(network.deathsReported == 0)
        #expect(network.all(0..<5, see: 0..<5, as: .alive))
    }

    /// The fast profile on a good link, on one that loses 5 %, on one that takes up to 80 ms one way as well, and on one
    /// that takes up to 200 ms and loses a fifth.
    @Test(arguments: [(0, 2), (0.05, 2), (0.05, 80), (0.2, 200)])
    func theFastProfileBearsABadLink(loss: Double, delayMilliseconds: Int) {
        var network = Network.group(of: 3, timing: .fast, seed: 3)
        network.weather = Network.Weather(
            loss: loss, delay: .milliseconds(1)...Duration.milliseconds(delayMilliseconds))
        network.pass(.seconds(1_800))
        #expect(network.deathsReported == 0)
        #expect((network.nodes[0].instance.stretch(of: "b") > 1) == (loss > 0))
    }

    /// Long after the dead were forgotten. A probe interval until the next ping, and what it sets off.
    @Test(arguments: [UInt64(1), 2, 3], [60, 1_200])
    func aHealedSplitIsSeenByAll(seed: UInt64, seconds: Int) {
        for timing in [Timing.lan, .fast] {
            var network = Network.group(of: 7, timing: timing, seed: seed)
            network.split([0, 1, 2])
            network.pass(.seconds(seconds))
            #expect(network.all(0..<3, see: 0..<3, as: .alive))
            #expect(
                !(0..<3).contains { observer in (3..<7).contains { network.status(of: $0, at: observer) == .alive } })
            network.split([])
            let bound = timing.probeInterval + .seconds(2)
            let time = network.pass(atMost: bound) { $0.all(0..<7, see: 0..<7, as: .alive) }
            #expect(time != nil, "\(timing)")
            network.pass(.seconds(60))
            #expect(network.all(0..<7, see: 0..<7, as: .alive))
        }
    }

    @Test(arguments: [UInt64(1), 2, 3])
    func aLeaveIsSeenAsOne(seed: UInt64) {
        var network = Network.group(of: 5, seed: seed)
        network.send(.leave, to: 4)
        let time = network.pass(atMost: .seconds(2)) { $0.all(0..<4, see: [4], as: .left) }
        #expect(time != nil)
        network.pass(.seconds(1))
        #expect(network.reports.contains { $0.node == 4 && $0.report == .hasLeft })
        network.crash(4)
        network.pass(.seconds(60))
        #expect(network.deathsReported == 0)
        #expect(network.all(0..<4, see: [4], as: nil))
    }

    /// Declared dead while it was stopped, it blames nobody when it goes on, and refutes.
    @Test(arguments: [UInt64(1), 2, 3], [20, 300])
    func whoeverWasStoppedComesBack(seed: UInt64, seconds: Int) {
        var network = Network.group(of: 5, seed: seed)
        network.stop(0)
        network.pass(.seconds(seconds))
        #expect(network.all(1..<5, see: [0], as: seconds < 30 ? .dead : nil))
        let before = network.reports.count
        network.resume(0)
        let time = network.pass(atMost: .seconds(3)) { $0.all(0..<5, see: 0..<5, as: .alive) }
        #expect(time != nil)
        network.pass(.seconds(30))
        let after = network.reports.dropFirst(before)
        #expect(after.contains { if case .late = $0.report { $0.node == 0 } else { false } })
        #expect(!after.contains { if case .changed(let member) = $0.report { member.status == .dead } else { false } })
    }

    /// Also those that are not told of by whoever broadcasts, at 5 % loss.
    @Test(arguments: [3, 7, 30])
    func aBroadcastReachesEverybodyOnce(count: Int) {
        var network = Network.group(of: count)
        network.weather.loss = 0.05
        for number in UInt8(0)..<20 { network.send(.broadcast([number]), to: Int(number) % count) }
        network.pass(.seconds(10))
        let told = network.reports.compactMap { if case .told(let bytes) = $0.report { ($0.node, bytes) } else { nil } }
        #expect(told.count == 20 * (count - 1))
        #expect(Set(told.map { "\($0)" }).count == told.count)
    }

    /// In peace each member sends a ping and an answer a second, however many they are.
    @Test(arguments: [3, 7, 100])
    func trafficDoesNotGrowWithTheGroup(count: Int) {
        var network = Network.group(of: count)
        network.pass(.seconds(60))
        network.forgetTraffic()
        network.pass(.seconds(60))
        let datagrams = network.nodes.map(\.datagrams).reduce(0, +) / count
        #expect((110...125).contains(datagrams))
        #expect(network.nodes.map(\.bytes).reduce(0, +) / count < 60 * 500)
    }

    /// The same seed gives the same run.
    @Test func runsCanBeRepeated() {
        func run() -> [String] {
            var network = Network.group(of: 7, seed: 9)
            network.weather.loss = 0.3
            network.pass(.seconds(100))
            network.split([1, 2])
            network.pass(.seconds(100))
            network.split([])
            network.pass(.seconds(100))
            return network.reports.map { "\($0)" }
        }
        let first = run()
        #expect(first.count > 20)
        #expect(first == run())
    }
}
