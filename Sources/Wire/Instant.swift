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
        let (difference, overflow) = other.nanoseconds.subtractingReportingOverflow(nanoseconds)
        return overflow
            ? .nanoseconds(other.nanoseconds) - .nanoseconds(nanoseconds) : Duration(nanoseconds: difference)
    }

    /// Whether `left` comes before `right`.
    public static func < (left: Instant, right: Instant) -> Bool {
        left.nanoseconds < right.nanoseconds
    }
}

/// What a packet's way takes several of. Duration's own products, quotients and makers are generic, over 128 bits, and take up to a
/// microsecond each.
extension Duration {
    /// So many nanoseconds.
    public init(nanoseconds: Int64) {
        let (seconds, rest) = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
        self.init(secondsComponent: seconds, attosecondsComponent: rest * 1_000_000_000)
    }

    /// This duration times `numerator`, over `denominator`: in whole nanoseconds, rounded towards zero, where they fit 64 bits.
    public func scaled(_ numerator: Int64, over denominator: Int64 = 1) -> Duration {
        let (product, overflow) = nanoseconds.multipliedReportingOverflow(by: numerator)
        return overflow ? self * numerator / denominator : Duration(nanoseconds: product / denominator)
    }

    /// The whole nanoseconds of this duration, saturating where they do not fit 64 bits (292 years).
    public var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (scaled, isBeyond) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, isJustBeyond) = scaled.addingReportingOverflow(attoseconds / 1_000_000_000)
        guard !isBeyond, !isJustBeyond else { return seconds < 0 ? .min : .max }
        return sum
    }
}
