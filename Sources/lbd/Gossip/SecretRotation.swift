import Wire

/// The secrets that the gossip is encrypted with, from one to the next without a gap.
///
/// All nodes hear of a new secret from the API server, but not at the same moment. So each accepts it at once, and sends
/// with it `installTime` later, when all accept it. What is encrypted with the old one is accepted for `retireTime` more, for
/// those that the API server does not reach.
struct SecretRotation {
    /// From when a new secret is accepted until it is used for sending.
    static let installTime = Duration.seconds(10)
    /// From when a new secret is used for sending until the old one is not accepted any more.
    static let retireTime = Duration.seconds(600)
    /// The most secrets that are accepted at once.
    static let maximumCount = 4
    /// The most bytes of a secret.
    static let maximumLength = 4096

    private struct Retired {
        var secret: [UInt8]
        var until: Instant
    }

    /// What is used for sending; nil where no secret is known.
    private(set) var current: [UInt8]?
    /// Whether `current` comes from the cluster or a file, and not only from what was kept over a boot.
    private var isConfirmed = false
    private var next: (secret: [UInt8], usedAt: Instant)?
    private var retired: [Retired] = []

    /// All secrets, kept from before a boot: the newest first.
    init(kept: [[UInt8]], at now: Instant) {
        current = kept.first
        retired = kept.dropFirst().prefix(Self.maximumCount - 2).map {
            Retired(secret: $0, until: now.advanced(by: Self.retireTime))
        }
    }

    /// What is accepted beside `current`.
    var others: [[UInt8]] {
        [next?.secret].compactMap { $0 } + retired.map(\.secret)
    }

    /// What is to be kept over a boot, the newest first.
    var kept: [[UInt8]] {
        [next?.secret, current].compactMap { $0 } + retired.map(\.secret)
    }

    /// Takes a secret that the cluster or a file holds.
    mutating func take(_ secret: [UInt8], at now: Instant) {
        advance(to: now)
        defer { isConfirmed = true }
        guard secret != next?.secret else { return }
        // One that was to be used is not any more, and may be in use elsewhere.
        if let next { retire(next.secret, at: now) }
        next = nil
        guard secret != current else { return }
        retired.removeAll { $0.secret == secret }
        // What was kept may be older than a boot: whoever is there has used the new one for long.
        guard isConfirmed, current != nil else { return use(secret, at: now) }
        next = (secret, now.advanced(by: Self.installTime))
    }

    /// Does what is due.
    mutating func advance(to now: Instant) {
        if let next, next.usedAt <= now {
            self.next = nil
            use(next.secret, at: now)
        }
        retired.removeAll { $0.until <= now }
    }

    private mutating func use(_ secret: [UInt8], at now: Instant) {
        if let current { retire(current, at: now) }
        current = secret
    }

    private mutating func retire(_ secret: [UInt8], at now: Instant) {
        retired.insert(Retired(secret: secret, until: now.advanced(by: Self.retireTime)), at: 0)
        retired.removeLast(max(0, retired.count - (Self.maximumCount - 2)))
    }

    /// When there is something to do.
    var nextDeadline: Instant? {
        ([next?.usedAt] + retired.map { $0.until }).compactMap { $0 }.min()
    }
}
