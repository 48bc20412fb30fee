/// The generator that pure code draws from: SplitMix64 (Steele, Lea and Flood, 2014). The daemon seeds it from the
/// kernel's CSPRNG, a simulation from its seed number; the same seed gives the same run. Not for secrets.
public struct PRNG: RandomNumberGenerator, Sendable {
    private var state: UInt64

    /// A generator whose whole sequence follows from `seed`.
    public init(seed: UInt64) {
        state = seed
    }

    /// The next 64 bits of the sequence.
    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// A duration drawn evenly from `base × (1 - spread)` to `base × (1 + spread)`; `spread` lies in 0…1.
    public mutating func jittered(_ base: Duration, by spread: Double) -> Duration {
        base * (1 + Double.random(in: -spread...spread, using: &self))
    }
}
