import Foundation
import Testing
import Wire

/// What it costs that the nodes know of each other, while nothing happens: it does not grow with their number.
@Suite(.serialized) struct CostTests {
    private static let services = 10
    private static let window = Duration.seconds(isShown ? 120 : 40)
    /// `SIM_COST`: a hundred nodes, which takes a while, and the figures as rows of the table in docs/bench.md.
    private static let isShown = ProcessInfo.processInfo.environment["SIM_COST"] != nil

    /// What one node sends in a second, on average of some.
    struct Rate {
        var packets = 0.0
        var bytes = 0.0

        init(_ counts: [Traffic.Count]) {
            guard !counts.isEmpty else { return }
            let seconds = Double(CostTests.window.components.seconds) * Double(counts.count)
            packets = Double(counts.reduce(0) { $0 + $1.packets }) / seconds
            bytes = Double(counts.reduce(0) { $0 + $1.bytes }) / seconds
        }
    }

    /// The rates of the nodes that answer for addresses, and of the others, by purpose.
    struct Cost {
        var owners: [Traffic.Purpose: Rate] = [:]
        var others: [Traffic.Purpose: Rate] = [:]
        var ownerCount = 0
    }

    /// A quiet group: each node is asked once a second and asks once, exchanges its state now and then, and beats where it
    /// answers for an address, however many there are.
    @Test(arguments: isShown ? [3, 7, 100] : [3, 7, 20]) func aNodeSendsNoMoreAmongMany(nodeCount: Int) throws {
        let cost = Self.cost(nodeCount: nodeCount)
        Self.show(cost, nodeCount: nodeCount)
        #expect((1...min(nodeCount, Self.services)).contains(cost.ownerCount))
        for gossip in [cost.owners[.gossip], cost.others[.gossip]].compactMap({ $0 }) {
            #expect((1...6).contains(gossip.packets))
        }
        let beats = try #require(cost.owners[.beats])
        #expect((12...14).contains(beats.packets), "one each 80 ms")
        #expect(cost.others[.beats]?.packets ?? 0 == 0)
        // What it finds by ARP about one address of another in ten seconds.
        #expect((cost.owners[.direct]?.packets ?? 0) <= 0.2)
    }

    private static func cost(nodeCount: Int) -> Cost {
        var scenario = Scenario()
        scenario.weather = .fair
        scenario.nodeCounts = nodeCount...nodeCount
        var world = World(seed: 1, scenario)
        while world.server.services.count < services { world.createService() }
        world.pass(.seconds(60))
        world.traffic = Traffic()
        world.pass(window)
        let counts = world.traffic?.counts ?? [:]
        let (owners, others) = (world.daemons.filter { !$0.claims.isEmpty }, world.daemons.filter(\.claims.isEmpty))
        var cost = Cost()
        cost.ownerCount = owners.count
        for purpose in Traffic.Purpose.allCases {
            func rate(_ daemons: [Daemon]) -> Rate? {
                daemons.isEmpty ? nil : Rate(daemons.map { counts[$0.index]?[purpose] ?? Traffic.Count() })
            }
            cost.owners[purpose] = rate(owners)
            cost.others[purpose] = rate(others)
        }
        return cost
    }

    private static func show(_ cost: Cost, nodeCount: Int) {
        guard isShown else { return }
        for (name, count, rates) in [
            ("owner", cost.ownerCount, cost.owners), ("other", nodeCount - cost.ownerCount, cost.others),
        ] where count > 0 {
            let cells = Traffic.Purpose.allCases.map { purpose in
                let rate = rates[purpose] ?? Rate([])
                return String(format: "%.1f | %.0f B", rate.packets, rate.bytes)
            }
            print(
                "| \(nodeCount) nodes, each of \(count) \(name)\(count == 1 ? "" : "s") | \(cells.joined(separator: " | ")) |"
            )
        }
    }
}
