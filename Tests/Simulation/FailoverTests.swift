import Testing
import Wire

/// What the death of one node costs in an otherwise healthy cluster, and what no death costs.
@Suite struct FailoverTests {
    /// From an owner's death to the first answers of others.
    static let aim = Duration.milliseconds(300)

    /// An owner dies at some moment: its addresses are answered for again within the aim, 99 of 100 times.
    @Test(arguments: [0, 5]) func aDeadOwnerIsReplacedInTime(lossPercent: Int) {
        let count = Seeds.number("SIM_SEEDS") ?? 300
        let times = (0..<count).compactMap { seed in
            Trial.timeToReplaceAnOwner(seed: seed, lossPercent == 0 ? .fair : .drizzle)
        }.sorted()
        #expect(times.count * 10 >= Int(count) * 9, "only \(times.count) of \(count) runs had an owner")
        let lateCount = times.count { $0 > Self.aim }
        Log.line("\(lossPercent) % loss: \(Self.distribution(times))", at: .zero)
        #expect(lateCount * 100 <= times.count, "\(lateCount) came late: \(Self.distribution(times))")
    }

    /// The same just after another node was cut off for a moment: it takes over again as soon as it knows who has what.
    @Test func aDeadOwnerIsReplacedInTimeAfterAReturn() {
        let count = Seeds.number("SIM_SEEDS") ?? 200
        let times = (0..<count).compactMap { Trial.timeToReplaceAnOwnerAfterAReturn(seed: $0, .fair) }.sorted()
        #expect(times.count * 10 >= Int(count) * 8, "only \(times.count) of \(count) runs had an owner")
        Log.line("after a return: \(Self.distribution(times))", at: .zero)
        #expect(times.count { $0 > Self.aim } * 100 <= times.count, "\(Self.distribution(times))")
    }

    /// The same just after an owner's cable was pulled, without the API server.
    @Test func aDeadOwnerIsReplacedInTimeAfterACable() {
        let count = Seeds.number("SIM_SEEDS") ?? 200
        let times = (0..<count).compactMap { Trial.timeToReplaceAnOwnerAfterACable(seed: $0, .fair) }.sorted()
        #expect(times.count * 10 >= Int(count) * 6, "only \(times.count) of \(count) runs had an owner")
        Log.line("after a cable: \(Self.distribution(times))", at: .zero)
        #expect(times.count { $0 > Self.aim } * 100 <= times.count, "\(Self.distribution(times))")
    }

    /// An owner's daemon stops: somebody answers for each of its addresses all the time.
    @Test func aStopLeavesNoGap() {
        let gaps = (UInt64(0)..<50).compactMap { Trial.gapOfAStop(seed: $0, .fair) }
        #expect(gaps.count >= 45, "only \(gaps.count) of 50 runs had an owner")
        #expect(gaps.allSatisfy { $0 == .zero }, "\(gaps.filter { $0 > .zero })")
    }

    /// An owner's daemon dies and starts again when others have its addresses: they keep them.
    @Test(arguments: UInt64(0)..<50) func aNodeThatReturnsTakesNothingBack(seed: UInt64) {
        #expect(Trial.changeAtReturn(seed: seed, .fair) == nil)
    }

    /// A node that is cut off from all and comes back takes nothing from anybody, nor has others do so: what it has come to
    /// believe of them meanwhile does not count.
    @Test(arguments: [0, 5]) func whoWasCutOffTakesNothing(lossPercent: Int) {
        let count = Seeds.number("SIM_SEEDS") ?? 100
        let findings = (0..<count).compactMap { seed in
            Trial.whatOneThatWasCutOffTakes(seed: seed, lossPercent == 0 ? .fair : .drizzle).map {
                "seed \(seed): \($0)"
            }
        }
        #expect(findings.isEmpty)
    }

    /// An owner that nobody can hear is replaced, though it beats: by and by, since it is asked for one address at a time.
    @Test(arguments: [0, 5]) func aSilentOwnerIsReplaced(lossPercent: Int) {
        let count = Seeds.number("SIM_SEEDS") ?? 60
        let times = (0..<count).compactMap { seed in
            Trial.timeToReplaceASilentOwner(seed: seed, lossPercent == 0 ? .fair : .drizzle)
        }.sorted()
        #expect(times.count * 10 >= Int(count) * 9, "only \(times.count) of \(count) runs had an owner")
        Log.line("a silent owner: \(Self.distribution(times))", at: .zero)
        #expect(times.allSatisfy { $0 < .seconds(120) }, "\(Self.distribution(times))")
    }

    private static func distribution(_ times: [Duration]) -> String {
        guard let last = times.indices.last else { return "no run" }
        let points = [0, 50, 90, 99, 100].map { percent in
            "\(percent) % within \(times[last * percent / 100].nanoseconds / 1_000_000) ms"
        }
        return "\(times.count) runs, " + points.joined(separator: ", ")
    }

    /// 5 % loss, late packets, and nothing wrong: no address ever changes its owner. `SIM_MINUTES` sets for how long.
    @Test(arguments: UInt64(0)..<8) func nothingMovesWithoutReason(seed: UInt64) {
        let time = Duration.seconds(60) * Int(Seeds.number("SIM_MINUTES") ?? 10)
        let alarm = Trial.firstFalseAlarm(seed: seed, within: time, .drizzle)
        #expect(alarm == nil, "seed \(seed)")
    }
}
