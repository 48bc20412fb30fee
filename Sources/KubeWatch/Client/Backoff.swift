import Wire

/// The waits between tries of something that keeps failing: they double from 250 ms to 8 s, each spread by half, so
/// that many clients do not come back at once.
struct Backoff: Hashable, Sendable {
    /// How many tries have failed in a row.
    private(set) var failures = 0

    /// The first wait.
    static let first = Duration.milliseconds(250)
    /// How often it doubles.
    static let doublings = 5
    /// The share by which a wait may be shorter or longer.
    static let spread = 0.5

    /// Counts a failure and draws the wait before the next try.
    mutating func next(using rng: inout PRNG) -> Duration {
        let wait = Self.first * (1 << min(failures, Self.doublings))
        failures += 1
        return rng.jittered(wait, by: Self.spread)
    }

    /// A try has succeeded.
    mutating func reset() {
        failures = 0
    }
}
