internal import Wire

/// The wait before the next try, which doubles with each failure.
struct Backoff {
    private let first: Duration
    private let longest: Duration
    private var wait: Duration

    init(first: Duration, longest: Duration) {
        self.first = first
        self.longest = longest
        wait = first
    }

    /// The wait after one more failure.
    mutating func next(using rng: inout PRNG) -> Duration {
        defer { wait = min(wait * 2, longest) }
        return rng.shortened(wait, to: 0.75...1)
    }

    /// Begins anew.
    mutating func reset() {
        wait = first
    }
}

extension PRNG {
    /// A part of `interval` drawn evenly, so that what many do at once does not go on in step (RFC 4271 section 10, RFC
    /// 5880 section 6.8.7).
    mutating func shortened(_ interval: Duration, to parts: ClosedRange<Double>) -> Duration {
        interval * Double.random(in: parts, using: &self)
    }
}
