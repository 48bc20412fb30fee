internal import Glibc
public import System

/// Feeds a watchdog as long as the loop turns and every source of it makes progress; a source without work, such as that
/// of a server that does not answer, is no lack of it.
public final class Watchdog {
    /// How many times within its limit the watchdog is fed. A source counts as stuck after two looks.
    private static let looksPerLimit = 4

    private let loop: Loop
    private let interval: Duration
    private let feed: () -> Void
    private let onChange: ([String]) -> Void
    private var progress = Progress()
    private var stuck: [String] = []
    private var timer: Timer?

    /// Calls `feed` several times within `limit` from now on, unless a source is stuck. `onChange` gets the files that asked
    /// for what is stuck, ascending, whenever these change; none when all goes on.
    ///
    /// - Throws: `Errno` where the loop takes no timer.
    public init(
        loop: Loop, limit: Duration, feed: @escaping () -> Void, onChange: @escaping ([String]) -> Void
    ) throws(Errno) {
        self.loop = loop
        self.feed = feed
        self.onChange = onChange
        interval = limit / Self.looksPerLimit
        // Of the same priority as all others: with a lower one it could starve where they do not.
        let timer = try loop.timer { [unowned self] in look() }
        self.timer = timer
        timer.arm(at: loop.now)
    }

    private func look() {
        timer?.arm(at: loop.now.advanced(by: interval))
        let found = progress.stuckOwners(among: loop.sources.look(at: loop.now))
        if found.isEmpty { feed() }
        guard found != stuck else { return }
        stuck = found
        onChange(found)
    }
}
