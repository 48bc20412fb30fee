internal import Wire

/// Lets at most a burst of frames go at once and a steady rate of them over time: the generic cell rate algorithm
/// (ITU-T I.371), a token bucket that keeps one instant instead of a count.
struct Pacer {
    /// Dry, it waits at least this long before the next frames, which then go together: fewer wakeups.
    private static let quantum = Duration.milliseconds(10)

    private let interval: Duration
    private let tolerance: Duration
    /// When the whole burst is there again.
    private var full = Instant(nanoseconds: .min)

    /// A pacer for `framesPerSecond`, and `burst` frames at once.
    init(framesPerSecond: Int, burst: Int) {
        interval = .seconds(1) / framesPerSecond
        tolerance = interval * burst
    }

    /// Takes `frames` out; false, and takes none, where they may not go yet.
    mutating func take(_ frames: Int, at now: Instant) -> Bool {
        let next = max(full, now).advanced(by: interval * frames)
        guard now.duration(to: next) <= tolerance else { return false }
        full = next
        return true
    }

    /// When `frames` may go that are due at `due`, seen from `now`.
    func ready(_ frames: Int, due: Instant, at now: Instant) -> Instant {
        let earliest = full.advanced(by: interval * frames - tolerance)
        guard earliest > now else { return due }
        return max(due, earliest, now.advanced(by: Self.quantum))
    }
}
