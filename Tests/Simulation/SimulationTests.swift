import Foundation
import Testing

@testable import Balancer

/// Several daemons on a virtual API server, from seeds. A seed that fails prints how to run it again.
@Suite struct SimulationTests {
    /// Each test case runs this many seeds.
    static let batch: UInt64 = 50

    /// The first seed of each batch; with SIM_SEED set, that seed alone.
    static func seeds(_ range: Range<UInt64>) -> [ClosedRange<UInt64>] {
        if let text = ProcessInfo.processInfo.environment["SIM_SEED"], let seed = UInt64(text) { return [seed...seed] }
        return stride(from: range.lowerBound, to: range.upperBound, by: Int(batch)).map { $0...($0 + batch - 1) }
    }

    private func run(_ seeds: some Sequence<UInt64>, _ scenario: Scenario = Scenario(), test: String = #function) {
        for seed in seeds {
            var world = World(seed: seed, scenario)
            world.run()
            if let violation = world.checker.violation {
                Issue.record(
                    "\(violation). Again: SIM_SEED=\(seed) swift test --filter Simulation.SimulationTests/\(test)")
            }
        }
    }

    /// A write comes into effect within its time-out or never: no address is ever given twice.
    @Test(arguments: seeds(0..<750)) func theRulesHoldWhenWritesEndInTime(seeds: ClosedRange<UInt64>) {
        run(seeds)
    }

    /// Writes may come into effect a minute late: what they spoil is repaired within five seconds.
    @Test(arguments: seeds(10_000..<10_250)) func theRulesHoldAgainSoonWhenWritesComeLate(seeds: ClosedRange<UInt64>) {
        var scenario = Scenario()
        scenario.hasLateWrites = true
        run(seeds, scenario)
    }

    /// MetalLB's controller comes and goes: it and lbd's leader never allocate at a time, and no address is given twice.
    @Test(arguments: seeds(20_000..<20_150)) func theRulesHoldBesideMetalLB(seeds: ClosedRange<UInt64>) {
        var scenario = Scenario()
        scenario.hasMetalLB = true
        run(seeds, scenario)
    }

    /// Seeds that have found something once.
    @Test(arguments: KeptSeed.all) func aSeedThatFoundSomethingFindsNothingNow(kept: KeptSeed) {
        run([kept.seed], kept.scenario)
    }

    @Test func aSeedGivesTheSameRunAgain() {
        for seed in UInt64(1)...3 {
            var (first, second) = (World(seed: seed), World(seed: seed))
            first.run()
            second.run()
            #expect(first.trace == second.trace)
            #expect(first.stepCount > 500)
        }
    }

    /// With the fence taken away (no deadline for the leader, no wait for the follower), the simulation must notice.
    @Test func aMissingFenceIsFound() {
        var scenario = Scenario()
        scenario.timing.renewDeadline = .seconds(1_000_000)
        scenario.timing.requestTimeout = .zero
        let found = (UInt64(0)..<200).first { seed in
            var world = World(seed: seed, scenario)
            world.run()
            return world.checker.firstDuplicate != nil
        }
        #expect(found != nil)
    }
}
