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

    /// A host probes for addresses while the daemons do: what it has taken no Service gets after that. What a Service has without
    /// anybody to answer for it, for want of an endpoint, it may take; and so what becomes known on both sides within a moment.
    @Test func whatAHostHasTakenInARaceNoServiceGets() {
        var takenCount = 0
        for seed in 0..<(Seeds.number("SIM_SEEDS") ?? 60) {
            var world = World(seed: seed, scenario(.fair))
            var givenAt: [IPv4Address: Instant] = [:]
            for _ in 0..<8 {
                let pause = world.now.advanced(by: world.duration(within: .seconds(6)))
                world.pass(until: pause) { $0.noteAssigned(in: &givenAt) }
                if let address = addresses.randomElement(using: &world.rng) { world.race(for: address) }
                world.createService()
            }
            world.pass(until: world.now.advanced(by: .seconds(15))) { $0.noteAssigned(in: &givenAt) }
            #expect(world.checker.violation == nil, "seed \(seed)")
            for (address, at) in world.rival?.takenAt ?? [:] {
                let isLate = givenAt[address].map { at.duration(to: $0) > .milliseconds(100) } ?? false
                #expect(!isLate, "seed \(seed): \(address)")
                takenCount += 1
            }
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
    /// Notes the addresses that Services have got by now. Always false.
    fileprivate func noteAssigned(in givenAt: inout [IPv4Address: Instant]) -> Bool {
        for address in assigned where givenAt[address] == nil { givenAt[address] = now }
        return false
    }

    /// The addresses that Services have.
    fileprivate var assigned: Set<IPv4Address> {
        Set(
            server.services.values.flatMap(\.ingressAddresses).compactMap { address in
                if case .v4(let address) = address { address } else { nil }
            })
    }
}
