import Testing
import Wire

/// One fault after another, each on the traces that the one before has left.
@Suite struct RoundsTests {
    /// A node that has just begun, or is just back, comes forward as soon as any other, or is not waited for. After a planned
    /// stop nothing is lost meanwhile: there the next in the order may have to take its turn.
    @Test(arguments: [3, 7]) func everyDeadOwnerIsReplacedInTime(nodes: Int) {
        let count = max((Seeds.number("SIM_SEEDS") ?? 100) / 25, 1)
        let seeds = Seeds.number("SIM_SEED").map { $0..<($0 + 1) } ?? 0..<count
        for seed in seeds {
            let rounds = Rounds(seed: seed, nodes: nodes, count: 30, withoutServer: 10, .fair)
            #expect(rounds.problem == nil, "seed \(seed)")
            #expect(rounds.samples.count >= 140, "seed \(seed)")
            let late = rounds.samples.filter { sample in
                sample.time > FailoverTests.aim + (sample.fault == .stopped ? .milliseconds(100) : .zero)
            }
            #expect(late.isEmpty, "seed \(seed)")
        }
    }
}
