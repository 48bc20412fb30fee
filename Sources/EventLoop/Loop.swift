internal import CLinux
internal import CSystemd
internal import Glibc
public import System
public import Wire

/// The process's one event loop (sd-event(3)). Everything runs on the thread that calls `run`; handlers run to
/// completion, those of a lower `priority` number first among what is ready at once. What asks for a source is its `owner`,
/// by which a `Watchdog` names one that is stuck.
public final class Loop {
    let event: OpaquePointer
    let sources = SourceList()

    /// A loop without sources.
    ///
    /// - Throws: `Errno` where the kernel gives no epoll descriptor.
    public init() throws(Errno) {
        var created: OpaquePointer?
        try check(sd_event_new(&created), "create the event loop")
        guard let created else { throw Errno(EINVAL, "create the event loop") }
        event = created
    }

    deinit {
        sd_event_unref(event)
    }

    /// The boot clock now.
    public var now: Instant {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        return Instant(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }

    /// The monotonic clock now, in microseconds: what the service manager wants beside RELOADING=1.
    public var monotonicMicroseconds: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000 + UInt64(time.tv_nsec) / 1000
    }

    /// Calls `handler` whenever `descriptor` is ready for one of `interest`, until the source is let go of. The
    /// descriptor is borrowed: let go of the source before it is closed.
    public func watch(
        _ descriptor: Int32, for interest: Readiness, priority: Int64 = 0, owner: String = #fileID,
        _ handler: @escaping (Readiness) -> Void
    ) throws(Errno) -> IOSource {
        try IOSource(self, descriptor, interest, priority, owner: owner, handler)
    }

    /// A timer, not armed yet. It may come later by up to `slack`, so that the process need not wake for it alone where it
    /// wakes for something else by then.
    public func timer(
        priority: Int64 = 0, slack: Duration = .zero, owner: String = #fileID, _ handler: @escaping () -> Void
    ) throws(Errno) -> Timer {
        try Timer(self, priority, slack: slack, owner: owner, handler)
    }

    /// Calls `handler` for each arrival of `signal`, which is blocked from its default action in this thread and in
    /// those that it starts later.
    public func watch(
        signal: Int32, owner: String = #fileID, _ handler: @escaping () -> Void
    ) throws(Errno) -> SignalSource {
        try SignalSource(self, signal, owner: owner, handler)
    }

    /// Calls `handler` with the name of each entry of the folder `path` that is written, moved or removed.
    public func watch(
        folder path: String, owner: String = #fileID, _ handler: @escaping (String) -> Void
    ) throws(Errno) -> FolderSource {
        try FolderSource(self, path, owner: owner, handler)
    }

    /// A call that runs once at the next turn of the loop each time it is asked for.
    public func deferred(
        priority: Int64 = 0, owner: String = #fileID, _ handler: @escaping () -> Void
    ) throws(Errno) -> Deferred {
        try Deferred(self, priority, owner: owner, handler)
    }

    /// Waits until something is ready and runs its handler: for whoever waits for one thing, and has no `run`.
    public func turn() throws(Errno) {
        try check(sd_event_run(event, UInt64.max), "turn the event loop")
    }

    /// Runs handlers until `exit` is called; the result is what was given to it.
    public func run() throws(Errno) -> Int32 {
        try check(sd_event_loop(event), "run the event loop")
    }

    /// Lets `run` return `status` after the handler that runs now.
    public func exit(_ status: Int32) {
        sd_event_exit(event, status)
    }
}

/// The result of an sd-event call, or the error that it is.
@discardableResult
func check(_ result: Int32, _ action: @autoclosure () -> String) throws(Errno) -> Int32 {
    guard result >= 0 else { throw Errno(-result, action()) }
    return result
}
