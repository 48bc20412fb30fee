internal import Wire

/// What is known of the way to a member and back: smoothed as TCP does it (RFC 6298 section 2), and how lossy it is.
struct RoundTrip {
    private var smoothed: Duration?
    private var variation = Duration.zero
    /// What losses have added to the factor: each adds to it what is there and one, each answer takes an eighth away.
    private var excess = 0.0
    /// The mean of the factor over some 32 probes, and the whole number of it that was told last.
    private var meanFactor = 1.0
    private var toldFactor = 1

    /// A mean factor below this is no news: every link loses a packet now and then.
    private static let noticeableFactor = 2
    /// Below this the link is as good as any again.
    private static let usualFactor = 1.25

    /// A ping was answered after `duration`.
    mutating func measured(_ duration: Duration) {
        if let old = smoothed {
            let deviation = duration < old ? old - duration : duration - old
            variation = (variation * 3 + deviation) / 4
            smoothed = (old * 7 + duration) / 8
        } else {
            smoothed = duration
            variation = duration / 2
        }
        excess *= 0.875
    }

    /// A ping was not answered, though the member lives: the link loses packets.
    mutating func lost() {
        excess = min(excess * 2 + 1, 1_000)
    }

    /// The factor by which the times of `timing` are to be stretched for this member.
    func stretch(_ timing: Timing) -> Double {
        guard timing.maximumStretch > 1 else { return 1 }
        let expected = (smoothed ?? .zero) + variation * 4
        return min(max(1, expected / timing.probeTimeout) * (1 + excess), timing.maximumStretch)
    }

    /// Takes the end of a probe into the mean factor. That, rounded down, where it is news: noticeable, and twice what was
    /// told before; or as good as 1 again.
    mutating func takeNews(_ timing: Timing) -> Int? {
        meanFactor += (stretch(timing) - meanFactor) / 32
        if meanFactor >= Double(max(Self.noticeableFactor, 2 * toldFactor)) {
            toldFactor = Int(meanFactor)
        } else if toldFactor > 1, meanFactor < Self.usualFactor {
            toldFactor = 1
        } else {
            return nil
        }
        return toldFactor
    }
}
