internal import Wire

/// Another node, as its packets show it.
struct Peer: Hashable {
    /// A new gap counts towards the mean deviation as one of so many, and so many deviations are allowed (RFC 6298's figures).
    private static let weight: Int64 = 4
    private static let deviations: Int64 = 4
    private static let longestGap = Duration.seconds(1)
    private static let shortestInterval = Duration.milliseconds(10)

    let instance: UInt64
    private(set) var counter: UInt64
    private(set) var beat: Beat?
    /// When it was heard last, by whatever packet; later where somebody else has heard it since.
    var heardAt: Instant
    private var lastBeatAt: Instant?
    /// How far gaps between beats are from the interval, on average.
    private var deviation = Duration.zero
    /// Until when it may be silent, having said so.
    private var pausedUntil: Instant?
    /// It was silent for too long, and nobody had heard it: when to ask it whether it is there again.
    var searchAt: Instant?
    var inquiry: Inquiry?

    /// One whose daemon is known to be there, and that has not been heard yet, or not lately: then `former` is what it was.
    init(instance: UInt64, former: Stranger?, at now: Instant) {
        self.instance = instance
        counter = former.map { $0.instance == instance ? $0.counter : 0 } ?? 0
        heardAt = now
    }

    init(_ packet: Packet, at now: Instant) {
        instance = packet.instance
        counter = packet.counter
        heardAt = now
        if case .beat(let beat) = packet.body { take(beat, at: now) }
    }

    /// Takes a packet of the same daemon; false for one that is not newer than all before.
    mutating func take(_ packet: Packet, at now: Instant) -> Bool {
        guard packet.counter > counter else { return false }
        counter = packet.counter
        heardAt = max(heardAt, now)
        if case .beat(let beat) = packet.body { take(beat, at: now) }
        return true
    }

    private mutating func take(_ new: Beat, at now: Instant) {
        // A gap in which it was given up is a fault, not the link's manner.
        if let last = lastBeatAt, let beat, beat.isRegular, new.isRegular, !isSilent {
            let gap = last.duration(to: now) - beat.interval
            // And so is one that is longer than that.
            let error = min(gap < .zero ? .zero - gap : gap, Self.longestGap)
            deviation += (error - deviation).scaled(1, over: Self.weight)
        }
        beat = new
        lastBeatAt = now
        let pauseMilliseconds = min(Int(new.pauseMilliseconds), 5_000)
        pausedUntil = pauseMilliseconds > 0 ? now.advanced(by: .milliseconds(pauseMilliseconds)) : nil
    }

    /// Whether it has told nothing of itself, and nobody has looked for it in vain.
    var isUnheard: Bool { beat == nil && !isSilent }

    /// Whether it answers for addresses, and is heard.
    var isAnswering: Bool { beat.map { $0.claimCount > 0 } ?? false && !isSilent }

    /// Whether it was silent for too long.
    var isSilent: Bool { searchAt != nil }

    /// When its silence has lasted too long; nil while it need not be heard. One that has told nothing of itself yet is to be heard
    /// where it `isOwner`, as others say.
    func deadline(_ timing: Timing, isOwner: @autoclosure () -> Bool) -> Instant? {
        guard isAnswering || beat == nil && isOwner() && !isSilent else { return nil }
        let due = heardAt.advanced(by: limit(timing))
        return pausedUntil.map { max($0, due) } ?? due
    }

    /// The silence that it is allowed: longer where its beats come irregularly.
    func limit(_ timing: Timing) -> Duration {
        let interval = max(beat?.interval ?? timing.interval, Self.shortestInterval)
        let regular = interval.scaled(timing.limitThousandths, over: 1_000)
        return min(max(regular, interval + deviation.scaled(Self.deviations)), timing.longestLimit)
    }

    /// Forgets since when it has been silent: that was this node's fault.
    mutating func disregardGap() { lastBeatAt = nil }

    /// Gives it its full time again: this process was not there to hear it.
    mutating func forgive(at now: Instant) {
        heardAt = now
        inquiry = nil
    }
}

extension Beat {
    fileprivate var interval: Duration { Duration(nanoseconds: Int64(intervalMilliseconds) * 1_000_000) }
    /// Whether another one follows after the interval.
    fileprivate var isRegular: Bool { claimCount > 0 && pauseMilliseconds == 0 }
}
