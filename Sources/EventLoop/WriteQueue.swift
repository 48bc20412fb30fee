internal import CLinux
internal import Glibc
internal import Synchronization
internal import System

/// What the loop's thread and the writing thread of a `FileWriter` share.
final class WriteQueue: Sendable {
    /// A file to write.
    struct Job: Sendable {
        var path: String
        var contents: [UInt8]
        var mode: UInt32
        /// The writes that this job answers.
        var ids: [UInt64]
    }

    /// What came of a job.
    struct Outcome: Sendable {
        var ids: [UInt64]
        var result: Result<Void, Errno>
    }

    private struct State: Sendable {
        var waiting: [Job] = []
        var outcomes: [Outcome] = []
        var isStopping = false
    }

    private let state = Mutex(State())
    /// Counts up when there is something to do; the writing thread sleeps in reading it.
    private let wakeUp: FileDescriptor
    /// Counts up when there are outcomes; the loop watches it.
    private let report: FileDescriptor

    init() throws(Errno) {
        wakeUp = try FileDescriptor(result: eventfd(0, Int32(EFD_CLOEXEC)), "create an event descriptor")
        report = try FileDescriptor(
            result: eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK)), "create an event descriptor")
    }

    /// The descriptor that is readable when there are outcomes.
    var finished: Int32 { report.rawValue }

    /// Starts the thread, which holds on to this queue until `stop`.
    func startThread() throws(Errno) {
        // Nobody joins it: a stalled disk may not hold up the daemon's end.
        try BackgroundThread.start("start the writing thread") { [self] in serve() }
    }

    /// Ends the thread after the file that it writes now.
    func stop() {
        state.withLock { $0.isStopping = true }
        signal(wakeUp.rawValue)
    }

    /// Puts `job` at the end, or in the place of one that waits for the same path.
    func add(_ job: Job) {
        let isFull = state.withLock { state in
            if let index = state.waiting.firstIndex(where: { $0.path == job.path }) {
                var replacement = job
                replacement.ids = state.waiting[index].ids + job.ids
                state.waiting[index] = replacement
                return false
            }
            guard state.waiting.count < FileWriter.maximumWaitingPaths else { return true }
            state.waiting.append(job)
            return false
        }
        guard !isFull else {
            for id in job.ids { refuse(id, path: job.path) }
            return
        }
        signal(wakeUp.rawValue)
    }

    /// Reports that the write `id` is not done, since too many wait.
    func refuse(_ id: UInt64, path: String) {
        finish(Outcome(ids: [id], result: .failure(Errno(ENOBUFS, "write \(path), too many writes wait"))))
    }

    /// The outcomes since the last call.
    func takeFinished() -> [Outcome] {
        var count: UInt64 = 0
        _ = read(report.rawValue, &count, MemoryLayout<UInt64>.size)
        return state.withLock { state in
            defer { state.outcomes = [] }
            return state.outcomes
        }
    }

    private func finish(_ outcome: Outcome) {
        state.withLock { $0.outcomes.append(outcome) }
        signal(report.rawValue)
    }

    private func signal(_ descriptor: Int32) {
        var one: UInt64 = 1
        _ = Glibc.write(descriptor, &one, MemoryLayout<UInt64>.size)
    }

    /// The writing thread.
    private func serve() {
        while true {
            var count: UInt64 = 0
            guard read(wakeUp.rawValue, &count, MemoryLayout<UInt64>.size) > 0 || errno == EINTR else { return }
            while let job = nextJob() {
                finish(Outcome(ids: job.ids, result: Self.perform(job)))
            }
            if state.withLock({ $0.isStopping }) { return }
        }
    }

    private func nextJob() -> Job? {
        state.withLock { state in
            state.isStopping || state.waiting.isEmpty ? nil : state.waiting.removeFirst()
        }
    }

    private static func perform(_ job: Job) -> Result<Void, Errno> {
        do throws(Errno) {
            try AtomicFile.write(path: job.path, contents: job.contents, mode: job.mode)
            return .success(())
        } catch {
            return .failure(error)
        }
    }
}
