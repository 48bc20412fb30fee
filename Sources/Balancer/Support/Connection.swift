import Wire

/// Whether the API server is there, as people are told. A watch that breaks and is back at once is not told.
struct Connection {
    private static let grace = Duration.seconds(2)

    private var reason: String?
    private var tellAt: Instant?
    private var isTold = false

    mutating func broken(_ reason: String, at now: Instant) {
        if self.reason == nil, !isTold { tellAt = now.advanced(by: Self.grace) }
        self.reason = reason
    }

    mutating func restored(in turn: inout Turn) {
        reason = nil
        tellAt = nil
        guard isTold else { return }
        isTold = false
        turn.record(.notice, .serverReachable, "the API server is back")
    }

    mutating func act(in turn: inout Turn) {
        guard let tellAt, tellAt <= turn.now, let reason else { return }
        self.tellAt = nil
        isTold = true
        turn.record(
            .warning, .serverUnreachable, "no API server: \(reason); addresses that are announced stay announced")
    }

    /// What the status line says about it; `isWaiting` while lists are on their way.
    func problem(isWaiting: Bool) -> String? {
        if isTold { return "no API server: \(reason ?? "unknown")" }
        return isWaiting ? "waiting for the API server" : nil
    }

    var nextDeadline: Instant? { tellAt }
}
