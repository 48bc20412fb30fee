import Testing
import Wire

@Suite struct InstantTests {
    @Test func durationsAddAndSubtract() {
        let start = Instant(nanoseconds: 1_500_000_000)
        #expect(start.advanced(by: .milliseconds(250)).nanoseconds == 1_750_000_000)
        #expect(start.advanced(by: .seconds(-2)).nanoseconds == -500_000_000)
        #expect(start.duration(to: Instant(nanoseconds: 0)) == .milliseconds(-1500))
        #expect(Instant.zero < start)
    }

    @Test func theScaleSaturatesAtItsEnds() {
        let last = Instant(nanoseconds: .max)
        let first = Instant(nanoseconds: .min)
        #expect(last.advanced(by: .nanoseconds(1)) == last)
        #expect(first.advanced(by: .nanoseconds(-1)) == first)
        #expect(Instant.zero.advanced(by: .seconds(Int64.max)) == last)
        #expect(Instant.zero.advanced(by: .seconds(Int64.min)) == first)
        #expect(first.duration(to: last) > .seconds(1 << 33))
    }

    @Test(
        arguments: [
            (Duration.nanoseconds(1), 1), (.microseconds(-3), -3000),
            (.seconds(9_223_372_036), 9_223_372_036_000_000_000),
            (.nanoseconds(Int64.max), .max), (.nanoseconds(Int64.min), .min),
            // One beyond each end, in the last second that 64 bits hold in part.
            (.nanoseconds(Int64.max) + .nanoseconds(1), .max), (.nanoseconds(Int64.min) - .nanoseconds(1), .min),
            (.seconds(9_223_372_037), .max), (.seconds(-9_223_372_037), .min), (.seconds(Int64.max), .max),
        ] as [(Duration, Int64)])
    func aDurationsNanosecondsSaturate(duration: Duration, nanoseconds: Int64) {
        #expect(duration.nanoseconds == nanoseconds)
    }

    @Test func durationsAreScaled() {
        #expect(Duration(nanoseconds: -3) == .nanoseconds(-3))
        #expect(Duration(nanoseconds: .max) == .nanoseconds(Int64.max))
        #expect(Duration.milliseconds(80).scaled(2_400, over: 1_000) == .milliseconds(192))
        #expect(Duration.nanoseconds(7).scaled(1, over: 4) == .nanoseconds(1))
        #expect(Duration.nanoseconds(-7).scaled(1, over: 4) == .nanoseconds(-1))
        #expect(Duration.seconds(1 << 33).scaled(8, over: 4) == .seconds(1 << 34))
    }
}

@Suite struct PRNGTests {
    /// The first outputs of SplitMix64 for the seeds 1234567 and 0, as its authors' reference code gives them.
    @Test(
        arguments: [
            (1_234_567, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]),
            (0, [0xE220_A839_7B1D_CDAF, 0x6E78_9E6A_A1B9_65F4, 0x06C4_5D18_8009_454F]),
        ] as [(UInt64, [UInt64])])
    func theSequenceIsThatOfTheReference(seed: UInt64, outputs: [UInt64]) {
        var rng = PRNG(seed: seed)
        #expect(outputs.map { _ in rng.next() } == outputs)
    }

    @Test func jitterKeepsToItsSpread() {
        var rng = PRNG(seed: 7)
        let draws = (0..<1000).map { _ in rng.jittered(.seconds(10), by: 0.2) }
        #expect(draws.allSatisfy { (Duration.seconds(8)...Duration.seconds(12)).contains($0) })
        #expect(draws.contains { $0 < .seconds(9) } && draws.contains { $0 > .seconds(11) })
        #expect(rng.jittered(.seconds(10), by: 0) == .seconds(10))
    }
}
