internal import CSystemd
internal import Glibc
internal import System

/// A signal as an event source of a `Loop`; ends when it is let go of. The signal stays blocked.
public final class SignalSource {
    private let source: EventSource
    private let handler: () -> Void

    init(_ loop: Loop, _ signal: Int32, owner: String, _ handler: @escaping () -> Void) throws(Errno) {
        self.handler = handler
        source = EventSource(loop, owner: owner)
        try Self.block(signal)
        let context = Unmanaged.passUnretained(self).toOpaque()
        try check(
            sd_event_add_signal(
                loop.event, &source.pointer, signal,
                { _, _, context in
                    guard let context else { return 0 }
                    let source = Unmanaged<SignalSource>.fromOpaque(context).takeUnretainedValue()
                    source.source.runs &+= 1
                    source.handler()
                    return 0
                }, context),
            "watch signal \(signal)")
    }

    /// Blocks the default action of `signal` in this thread and those that it starts later.
    private static func block(_ signal: Int32) throws(Errno) {
        var set = sigset_t()
        sigemptyset(&set)
        sigaddset(&set, signal)
        let result = pthread_sigmask(SIG_BLOCK, &set, nil)
        guard result == 0 else { throw Errno(result, "block signal \(signal)") }
    }
}
