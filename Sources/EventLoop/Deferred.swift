internal import CSystemd
internal import System

/// A call that runs at the loop's next turn each time `schedule` was called; however often it was, once.
public final class Deferred {
    private let source: EventSource
    private let handler: () -> Void

    init(_ loop: Loop, _ priority: Int64, owner: String, _ handler: @escaping () -> Void) throws(Errno) {
        self.handler = handler
        source = EventSource(loop, owner: owner)
        let context = Unmanaged.passUnretained(self).toOpaque()
        try check(
            sd_event_add_defer(
                loop.event, &source.pointer,
                { _, context in
                    guard let context else { return 0 }
                    let deferred = Unmanaged<Deferred>.fromOpaque(context).takeUnretainedValue()
                    deferred.source.runs &+= 1
                    deferred.handler()
                    return 0
                }, context),
            "create a deferred call")
        try source.setPriority(priority)
        sd_event_source_set_enabled(source.pointer, Int32(SD_EVENT_OFF))
    }

    /// Runs the call at the loop's next turn.
    public func schedule() {
        sd_event_source_set_enabled(source.pointer, Int32(SD_EVENT_ONESHOT))
    }
}
