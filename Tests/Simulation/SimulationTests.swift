import Foundation
import Testing
import Wire

@testable import Balancer

/// Several whole daemons on a virtual API server, a virtual gossip network and a virtual LAN, from seeds. A seed that fails
/// prints how to run it again.
@Suite struct SimulationTests {
    private func run(_ seeds: Seeds, _ scenario: Scenario = Scenario(), test: String = #function) {
        for seed in seeds.range {
            var world = World(seed: seed, scenario)
            world.run()
            seeds.note(world, seed: seed)
            if let violation = world.checker.violation {
                Issue.record("\(violation). Again: \(Seeds.command(for: seed, test: test))")
            }
        }
    }

    /// A write comes into effect within its time-out or never: no address is ever given twice.
    @Test(arguments: Seeds.batches(of: 0..<1_500)) func theRulesHoldWhenWritesEndInTime(seeds: Seeds) {
        run(seeds)
    }

    /// Writes may come into effect a minute late: what they spoil is repaired within five seconds.
    @Test(arguments: Seeds.batches(of: 10_000..<10_250))
    func theRulesHoldAgainSoonWhenWritesComeLate(seeds: Seeds) {
        var scenario = Scenario()
        scenario.hasLateWrites = true
        scenario.peace = .seconds(53)
        run(seeds, scenario)
    }

    /// MetalLB's controller comes and goes: it and lbd's leader never allocate at a time, and no address is given twice.
    @Test(arguments: Seeds.batches(of: 20_000..<20_250))
    func theRulesHoldBesideMetalLB(seeds: Seeds) {
        var scenario = Scenario()
        scenario.hasMetalLB = true
        run(seeds, scenario)
    }

    /// Addresses are announced to a router by BGP: after all faults it reaches each by all nodes that can serve it.
    @Test(arguments: Seeds.batches(of: 30_000..<30_250))
    func theRouterKnowsWhatCanBeReached(seeds: Seeds) {
        var scenario = Scenario()
        scenario.hasRouter = true
        // A session that has failed again and again is tried each 30 s.
        scenario.peace = .seconds(98)
        run(seeds, scenario)
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
}
