import Foundation
import Testing

/// Some seeds in a row, run by one test case.
///
/// What the environment says: `SIM_SEED` is the one seed to run; `SIM_SEEDS` how many each test is to run, from its own first
/// one or from `SIM_FROM`; `SIM_TRACE` a file to which the digest of each run is added.
struct Seeds: CustomTestStringConvertible {
    /// Each test case runs so many.
    private static let batch: UInt64 = 25
    private static let environment = ProcessInfo.processInfo.environment

    var range: ClosedRange<UInt64>

    var testDescription: String { "\(range)" }

    /// The seeds of a test, in batches.
    static func batches(of range: Range<UInt64>) -> [Seeds] {
        if let seed = number("SIM_SEED") { return [Seeds(range: seed...seed)] }
        let first = number("SIM_FROM") ?? range.lowerBound
        let end = first + (number("SIM_SEEDS") ?? UInt64(range.count))
        return stride(from: first, to: end, by: Int(batch)).map { Seeds(range: $0...min($0 + batch, end) - 1) }
    }

    static func number(_ name: String) -> UInt64? {
        environment[name].flatMap { UInt64($0) }
    }

    /// What runs the seed of a test again.
    static func command(for seed: UInt64, test: String, suite: String = "SimulationTests") -> String {
        "SIM_SEED=\(seed) swift test --filter 'Simulation.\(suite)/\(test.prefix { $0 != "(" })'"
    }

    /// Adds the digest of a run to the file of digests, if there is to be one.
    func note(_ world: World, seed: UInt64) {
        guard let path = Self.environment["SIM_TRACE"], let file = fopen(path, "a") else { return }
        let contest = world.checker.longestContest
        fputs("\(seed) \(world.stepCount) \(String(world.trace, radix: 16)) \(contest)\n", file)
        fclose(file)
    }
}
