import Testing

/// A seed that found a mistake once, kept so that the mistake does not come back. Mistakes planted to see whether the
/// simulation finds them count too.
struct KeptSeed: CustomTestStringConvertible {
    var seed: UInt64
    var scenario = Scenario()
    /// What the mistake was.
    var lesson: String

    var testDescription: String { "\(seed): \(lesson)" }

    static let all: [KeptSeed] = [
        KeptSeed(
            seed: 351, lesson: "planted: a restarted leader did not wait for the writes of the process before it"),
        KeptSeed(
            seed: 701, lesson: "planted: a leader that stopped released its Lease while a write was on its way"),
        KeptSeed(
            seed: 20_054, scenario: Scenario(hasMetalLB: true),
            lesson: "planted: a leader did not wait for the last writes of MetalLB's controller"),
    ]
}
