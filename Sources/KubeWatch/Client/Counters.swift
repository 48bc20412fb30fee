/// What has been counted since the start.
public struct Counters: Hashable, Sendable {
    /// Objects in lists and lines of watches that were not the JSON they should be, and were skipped.
    public var skippedObjects: UInt64 = 0
    /// Answers that ended early or were not what was asked for.
    public var truncatedAnswers: UInt64 = 0
    /// Answers and lines of watches that were longer than what is taken in.
    public var oversizedAnswers: UInt64 = 0
    /// Lists begun after a kind's first.
    public var relists: UInt64 = 0
    /// Waits before something that failed was tried again.
    public var retries: UInt64 = 0
    /// Writes that were not answered in time.
    public var unansweredWrites: UInt64 = 0
    /// Requests made only to learn whether a silent connection still carries.
    public var probes: UInt64 = 0
    /// How often all connections were closed here.
    public var closedConnections: UInt64 = 0

    /// Nothing counted yet.
    public init() {}
}
