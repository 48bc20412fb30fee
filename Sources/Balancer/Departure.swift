import Wire

/// The hand-over at SIGTERM: this node takes its Leases back, so that the others take over at once, and answers until they
/// do.
struct Departure {
    /// How long the API server, and the group that gossips, may take to hear of it.
    static let limit = Duration.seconds(2)
    /// How long the others may take to announce after this node's Lease is gone.
    static let grace = Duration.milliseconds(50)
    /// How long to wait, in all, for the leader's Lease to be released.
    static let releaseLimit = Duration.milliseconds(2_500)

    let startedAt: Instant
    /// When this node's Lease was gone, or was given up on.
    var leftAt: Instant?

    /// When to fall silent.
    var silenceAt: Instant { (leftAt ?? startedAt.advanced(by: Self.limit)).advanced(by: Self.grace) }

    /// When there is something to do.
    var deadlines: [Instant] {
        [silenceAt, startedAt.advanced(by: Self.limit), startedAt.advanced(by: Self.releaseLimit)]
    }
}
