import KubeWatch
import Testing
import Wire

@testable import Balancer

/// A host that is no node has addresses of the pool.
@Suite struct SquatterTests {
    /// No Service gets them, from the first daemon on, over changes of leaders and whatever else happens in `scenario`. Where packets
    /// get lost, all three probes for an address or their answers do so once in a thousand times, and these are ten a run.
    @Test(arguments: [0, 5]) func whatASquatterHasNoServiceGets(lossPercent: Int) {
        let count = Seeds.number("SIM_SEEDS") ?? 60
        var servedCount = 0
        var taken: [String] = []
        for seed in 0..<count {
            var world = World(seed: seed, scenario(lossPercent == 0 ? .fair : .drizzle))
            let squatted = Set(addresses.filter { _ in Bool.random(using: &world.rng) }.prefix(6))
            world.client.squatted = squatted
            for _ in 0..<4 {
                world.pass(until: world.now.advanced(by: .seconds(20))) { !$0.assigned.isDisjoint(with: squatted) }
                // Whoever leads next has to find out for himself.
                if let leader = world.daemons.first(where: { $0.balancer?.leadership.isLeader ?? false }) {
                    world.end(leader.index, startsAgainWithin: .seconds(5))
                }
                world.createService()
            }
            #expect(world.checker.violation == nil, "seed \(seed)")
            taken += world.assigned.intersection(squatted).map { "seed \(seed): \($0)" }
            servedCount += world.assigned.isEmpty ? 0 : 1
        }
        #expect(taken.count * 100 <= Int(count) * lossPercent, "\(taken)")
        #expect(servedCount * 10 >= Int(count) * 9, "only \(servedCount) of \(count) runs gave an address")
    }

    /// A host probes for addresses while the daemons do: of the two, one has each in the end, and where both give way nobody. What
    /// becomes known on both sides within the time of a packet or two is left out.
    @Test func aRaceForAnAddressHasOneWinner() {
        var takenCount = 0
        for seed in 0..<(Seeds.number("SIM_SEEDS") ?? 60) {
            var world = World(seed: seed, scenario(.fair))
            for _ in 0..<8 {
                world.pass(world.duration(within: .seconds(6)))
                if let address = addresses.randomElement(using: &world.rng) { world.race(for: address) }
                world.createService()
            }
            world.pass(.seconds(15))
            #expect(world.checker.violation == nil, "seed \(seed)")
            let contested = world.assigned.intersection(world.rival?.takenAt.keys.map { $0 } ?? [])
            #expect(contested.isEmpty, "seed \(seed): \(contested)")
            takenCount += world.rival?.takenAt.count ?? 0
        }
        #expect(takenCount > 0, "the other host never wins")
    }

    private var addresses: [IPv4Address] { (0..<8).map { IPv4Address(rawValue: 0xC0A8_0180 + $0) } }

    private func scenario(_ weather: Weather) -> Scenario {
        var scenario = Scenario()
        scenario.weather = weather
        scenario.nodeCounts = 2...4
        return scenario
    }
}

extension World {
    /// The addresses that Services have.
    fileprivate var assigned: Set<IPv4Address> {
        Set(
            server.services.values.flatMap(\.ingressAddresses).compactMap { address in
                if case .v4(let address) = address { address } else { nil }
            })
    }
}
