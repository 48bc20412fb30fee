import Wire

/// Waits that double from one second to five minutes, a tenth up or down at random.
struct Backoff {
    private static let first = Duration.seconds(1)
    private static let longest = Duration.seconds(300)

    private var wait = Backoff.first

    /// The wait after one more failure.
    mutating func next(using rng: inout PRNG) -> Duration {
        defer { wait = min(wait * 2, Self.longest) }
        return rng.jittered(wait, by: 0.1)
    }

    /// Begins anew, after a success.
    mutating func reset() {
        wait = Self.first
    }
}
