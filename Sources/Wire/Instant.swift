/// A point on the machine's boot clock (CLOCK_BOOTTIME): it counts through suspend and is never set, unlike the wall
/// clock. Pure code gets it as an argument; it never asks for the time itself.
public struct Instant: InstantProtocol, Hashable, Sendable {
    /// Nanoseconds since boot.
    public var nanoseconds: Int64

    /// An instant `nanoseconds` after boot.
    public init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    /// The moment of boot.
    public static let zero = Instant(nanoseconds: 0)

    /// The instant `duration` later. Saturates at the ends of the scale.
    public func advanced(by duration: Duration) -> Instant {
        let (sum, overflow) = nanoseconds.addingReportingOverflow(duration.nanoseconds)
        guard overflow else { return Instant(nanoseconds: sum) }
        return Instant(nanoseconds: duration < .zero ? .min : .max)
    }

    /// The time from this instant to `other`; negative where `other` is earlier.
    public func duration(to other: Instant) -> Duration {
        .nanoseconds(other.nanoseconds) - .nanoseconds(nanoseconds)
    }

    /// Whether `left` comes before `right`.
    public static func < (left: Instant, right: Instant) -> Bool {
        left.nanoseconds < right.nanoseconds
    }
}

extension Duration {
    /// The whole nanoseconds of this duration, saturating where they do not fit 64 bits (292 years).
    public var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (scaled, isBeyond) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, isJustBeyond) = scaled.addingReportingOverflow(attoseconds / 1_000_000_000)
        guard !isBeyond, !isJustBeyond else { return seconds < 0 ? .min : .max }
        return sum
    }
}
