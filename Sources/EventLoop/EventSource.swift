internal import CSystemd
internal import System

/// Owns an sd_event_source: disables it and lets go of it at the end.
final class EventSource {
    var pointer: OpaquePointer?

    func setPriority(_ priority: Int64) throws(Errno) {
        guard priority != 0 else { return }
        try check(sd_event_source_set_priority(pointer, priority), "set a priority")
    }

    deinit {
        sd_event_source_disable_unref(pointer)
    }
}
