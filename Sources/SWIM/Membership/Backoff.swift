internal import Wire

/// Waits that double from one second to a minute, a fifth up or down at random: one who waits for a peer that is not
/// there sends it a segment a minute.
struct Backoff {
    private static let first = Duration.seconds(1)
    /// The longest of these waits, before it is jittered.
    static let longest = Duration.seconds(60)

    private var wait = Backoff.first

    /// The wait after one more failure.
    mutating func next(using rng: inout PRNG) -> Duration {
        defer { wait = min(wait * 2, Self.longest) }
        return rng.jittered(wait, by: 0.2)
    }

    /// Begins anew, after a success.
    mutating func reset() {
        wait = Self.first
    }
}
