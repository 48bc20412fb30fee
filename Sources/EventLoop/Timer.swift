internal import CSystemd
internal import Glibc
internal import System
public import Wire

/// A one-shot timer on the boot clock as an event source of a `Loop`.
public final class Timer {
    private let source: EventSource
    private let handler: () -> Void

    init(
        _ loop: Loop, _ priority: Int64, slack: Duration, owner: String, _ handler: @escaping () -> Void
    ) throws(Errno) {
        self.handler = handler
        source = EventSource(loop, owner: owner)
        let context = Unmanaged.passUnretained(self).toOpaque()
        // Never 0, which would stand for sd-event's default of 250 ms.
        let accuracy = UInt64(max(1, slack.nanoseconds / 1000))
        try check(
            sd_event_add_time(
                loop.event, &source.pointer, CLOCK_BOOTTIME, UInt64.max, accuracy,
                { _, _, context in
                    guard let context else { return 0 }
                    let timer = Unmanaged<Timer>.fromOpaque(context).takeUnretainedValue()
                    timer.source.runs &+= 1
                    timer.handler()
                    return 0
                }, context),
            "create a timer")
        try source.setPriority(priority)
        disarm()
    }

    /// Lets the timer fire once at `instant`, or at once where that has passed; replaces an earlier instant.
    public func arm(at instant: Instant) {
        let nanoseconds = UInt64(max(0, instant.nanoseconds))
        // Rounded up, so that the handler never finds itself early by less than a microsecond.
        sd_event_source_set_time(source.pointer, nanoseconds / 1000 + (nanoseconds % 1000 == 0 ? 0 : 1))
        sd_event_source_set_enabled(source.pointer, Int32(SD_EVENT_ONESHOT))
    }

    /// Forgets the instant.
    public func disarm() {
        sd_event_source_set_enabled(source.pointer, Int32(SD_EVENT_OFF))
    }
}
