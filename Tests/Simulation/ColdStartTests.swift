import KubeWatch
import Testing
import Wire

@testable import Balancer

/// All daemons start anew while the API server is away.
@Suite struct ColdStartTests {
    /// From the last start until each address that is remembered has its owner: the patience, the wait for those who do not
    /// come forward, and a probe.
    private static let limit = Duration.seconds(30)

    /// Each address that is remembered by somebody gets one owner, who remembers it; one that dies is replaced; and when the API
    /// server is back, nothing moves.
    @Test(arguments: [0, 5]) func whatIsRememberedIsServed(lossPercent: Int) {
        let count = Seeds.number("SIM_SEEDS") ?? 60
        var servedCount = 0
        var times: [Duration] = []
        for seed in 0..<count {
            var world = coldWorld(seed: seed, lossPercent == 0 ? .fair : .drizzle)
            let remembered = world.remembered
            let begin = world.now
            world.pass(until: begin.advanced(by: Self.limit)) { $0.owners.keys.count == remembered.count }
            times.append(begin.duration(to: world.now))
            world.pass(.seconds(10))
            let owners = world.owners
            #expect(Set(owners.keys) == remembered, "seed \(seed)")
            #expect(owners.values.allSatisfy { $0.count == 1 }, "seed \(seed): \(owners)")
            for daemon in world.daemons {
                let own = Set(daemon.saved?.remembered.keys.map { $0 } ?? [])
                #expect(own.isSuperset(of: daemon.claims.keys.map(\.address)), "seed \(seed)")
            }
            servedCount += owners.isEmpty ? 0 : 1
            killAnOwner(in: &world, seed: seed)
            returnOfTheServer(to: &world, seed: seed)
        }
        #expect(servedCount * 10 >= Int(count) * 9, "only \(servedCount) of \(count) runs served anything")
        Log.line("a cold start: \(times.sorted().map { $0.nanoseconds / 1_000_000 })", at: .zero)
    }

    private func killAnOwner(in world: inout World, seed: UInt64) {
        guard let owner = world.daemons.filter({ !$0.claims.isEmpty }).randomElement(using: &world.rng) else { return }
        let heirs = world.daemons.filter { $0.index != owner.index }
        let orphans = Set(owner.claims.keys.map(\.address)).filter { address in
            heirs.contains { $0.saved?.remembered[address] != nil }
        }
        world.end(owner.index, startsAgainWithin: .seconds(36_000))
        world.cutOff([owner.index], for: .seconds(36_000))
        let death = world.now
        world.pass(until: death.advanced(by: .seconds(5))) { orphans.isSubset(of: $0.owners.keys) }
        let time = death.duration(to: world.now)
        #expect(time < .seconds(2), "seed \(seed): a dead owner is replaced after \(time)")
        world.start(owner.index)
        #expect(world.daemons.allSatisfy { $0.balancer?.hasBegun != true }, "seed \(seed): the API server is not away")
        world.pass(.seconds(30))
    }

    private func returnOfTheServer(to world: inout World, seed: UInt64) {
        let owners = world.owners
        for daemon in world.daemons {
            daemon.unreachableUntil = world.now
            world.dropConnection(of: daemon)
        }
        let before = world.now
        // Who answers for what may change where endpoints count that were not known, and not otherwise.
        world.pass(until: before.advanced(by: .seconds(40))) { world in
            owners.contains { world.owners[$0.key] != $0.value }
        }
        #expect(world.owners.filter { owners[$0.key] != nil } == owners, "seed \(seed)")
        world.checker.checkConvergence(of: world.daemons, world.server, isRouted: false, at: world.now)
        #expect(world.checker.violation == nil, "seed \(seed)")
    }

    /// A host that is no node has taken addresses while no daemon ran: it keeps them, also when the API server is back.
    @Test func whatAnotherHostHasTakenItKeeps() {
        var keptCount = 0
        for seed in 0..<(Seeds.number("SIM_SEEDS") ?? 40) {
            var world = coldWorld(seed: seed, .fair)
            let remembered = world.remembered.sorted()
            let squatted = Set(remembered.prefix(2))
            world.client.squatted = Set(
                squatted.compactMap { if case .v4(let address) = $0 { address } else { nil } })
            world.pass(Self.limit)
            #expect(Set(world.owners.keys) == Set(remembered).subtracting(squatted), "seed \(seed)")
            for daemon in world.daemons {
                daemon.unreachableUntil = world.now
                world.dropConnection(of: daemon)
            }
            world.pass(.seconds(40))
            #expect(squatted.isDisjoint(with: world.owners.keys), "seed \(seed)")
            #expect(world.checker.violation == nil, "seed \(seed)")
            keptCount += squatted.count
        }
        #expect(keptCount > 0)
    }

    /// A cluster whose daemons were all killed after the API server was, and are about to start: some without what they kept.
    private func coldWorld(seed: UInt64, _ weather: Weather) -> World {
        var scenario = Scenario()
        scenario.weather = weather
        scenario.nodeCounts = 3...6
        var world = World(seed: seed, scenario)
        world.pass(.seconds(25))
        for index in world.daemons.indices {
            if index > 0, Int.random(in: 0..<4, using: &world.rng) == 0 { world.daemons[index].saved = nil }
            world.end(index, startsAgainWithin: .seconds(5))
        }
        world.cutOff(Array(world.daemons.indices), for: .seconds(36_000))
        world.pass(.seconds(5))
        return world
    }
}

extension World {
    /// The addresses that some daemon could answer for by what it has kept.
    fileprivate var remembered: Set<IPAddress> { Set(daemons.flatMap { $0.saved?.remembered.keys.map { $0 } ?? [] }) }

    /// Which nodes answer for which addresses.
    fileprivate var owners: [IPAddress: [String]] {
        var owners: [IPAddress: [String]] = [:]
        for daemon in daemons {
            for claim in daemon.claims.keys { owners[claim.address, default: []].append(daemon.name) }
        }
        return owners
    }
}
