internal import CSystemd
internal import Glibc
internal import System
internal import Wire

/// Owns an sd_event_source: disables it and lets go of it at the end.
final class EventSource {
    var pointer: OpaquePointer?
    /// The file that asked for it.
    let owner: String
    /// How often its handler has run.
    var runs: UInt64 = 0
    private(set) var id: UInt64 = 0
    private let list: SourceList

    init(_ loop: Loop, owner: String) {
        self.owner = owner
        list = loop.sources
        id = list.add(self)
    }

    deinit {
        list.remove(id)
        sd_event_source_disable_unref(pointer)
    }

    func setPriority(_ priority: Int64) throws(Errno) {
        guard priority != 0 else { return }
        try check(sd_event_source_set_priority(pointer, priority), "set a priority")
    }

    // MARK: Whether its handler is to run

    /// What to poll for; nil where it is no source of I/O, or is off.
    var descriptor: pollfd? {
        var events: UInt32 = 0
        guard isEnabled, sd_event_source_get_io_events(pointer, &events) >= 0 else { return nil }
        // Of epoll's bits those that sources here use are poll's.
        return pollfd(fd: sd_event_source_get_io_fd(pointer), events: Int16(truncatingIfNeeded: events), revents: 0)
    }

    /// Whether its handler is to run at `now`, where the descriptors of the sources in `ready` are.
    func isDue(at now: Instant, ready: Set<UInt64>) -> Bool {
        guard isEnabled else { return false }
        var microseconds: UInt64 = 0
        if sd_event_source_get_time(pointer, &microseconds) >= 0 {
            return microseconds <= UInt64(max(0, now.nanoseconds)) / 1000
        }
        return ready.contains(id) || sd_event_source_get_pending(pointer) > 0
    }

    private var isEnabled: Bool { sd_event_source_get_enabled(pointer, nil) > 0 }
}
