internal import CSystemd
public import System

/// Readiness of a file descriptor as an event source of a `Loop`; ends when it is let go of.
public final class IOSource {
    private let source: EventSource
    private let handler: (Readiness) -> Void

    init(
        _ loop: Loop, _ descriptor: Int32, _ interest: Readiness, _ priority: Int64, owner: String,
        _ handler: @escaping (Readiness) -> Void
    ) throws(Errno) {
        self.handler = handler
        source = EventSource(loop, owner: owner)
        let context = Unmanaged.passUnretained(self).toOpaque()
        try check(
            sd_event_add_io(
                loop.event, &source.pointer, descriptor, interest.rawValue,
                { _, _, events, context in
                    guard let context else { return 0 }
                    let source = Unmanaged<IOSource>.fromOpaque(context).takeUnretainedValue()
                    source.source.runs &+= 1
                    source.handler(Readiness(rawValue: events))
                    return 0
                }, context),
            "watch descriptor \(descriptor)")
        try source.setPriority(priority)
    }

    /// Ends the source at once. Letting go of it does so too, but within its own handler only once that has returned:
    /// too late where the descriptor is closed, or watched anew, before.
    public func end() {
        sd_event_source_set_enabled(source.pointer, Int32(SD_EVENT_OFF))
    }

    /// Calls nobody until `resume`, whatever comes.
    public func suspend() { end() }

    /// Goes on after `suspend`.
    public func resume() {
        sd_event_source_set_enabled(source.pointer, Int32(SD_EVENT_ON))
    }

    /// Changes what the descriptor is watched for.
    public func watch(for interest: Readiness) throws(Errno) {
        try check(sd_event_source_set_io_events(source.pointer, interest.rawValue), "change what is watched")
    }
}
