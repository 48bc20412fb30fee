internal import Glibc
public import System

/// The one thread that writes files durably, so that a stalled disk never holds up the loop. Files are written in the
/// order in which they were asked for; of several writes to one path that wait, only the last content is written. Ends
/// when it is let go of: what waits then is not written, so `flush` first.
public final class FileWriter {
    /// The most paths that may wait to be written.
    public static let maximumWaitingPaths = 64
    /// The most writes that may wait for their completion.
    public static let maximumWaitingWrites = 1024

    private let loop: Loop
    private let queue: WriteQueue
    private var source: IOSource?
    private var completions: [UInt64: (Result<Void, Errno>) -> Void] = [:]
    private var nextID: UInt64 = 0

    /// A writer that reports to handlers on `loop`.
    ///
    /// - Throws: `Errno` where the kernel gives no descriptor or thread.
    public init(loop: Loop) throws(Errno) {
        self.loop = loop
        queue = try WriteQueue()
        source = try loop.watch(queue.finished, for: .readable) { [weak self] _ in self?.complete() }
        try queue.startThread()
    }

    deinit {
        source = nil
        queue.stop()
    }

    /// Has `contents` written to `path` as `AtomicFile.write` does, and calls `completion` with the outcome from the loop
    /// or from `flush`, never from here. A write that a later one to its path replaced gets the later one's outcome; one
    /// beyond the limits gets ENOBUFS.
    public func write(
        path: String, contents: [UInt8], mode: UInt32, completion: @escaping (Result<Void, Errno>) -> Void
    ) {
        let id = nextID
        nextID += 1
        let isWithinLimit = completions.count < Self.maximumWaitingWrites
        completions[id] = completion
        if isWithinLimit {
            queue.add(WriteQueue.Job(path: path, contents: contents, mode: mode, ids: [id]))
        } else {
            queue.refuse(id, path: path)
        }
    }

    /// Waits until all that was asked for is written and reported, but no longer than `limit`; for an orderly exit.
    /// Returns whether nothing is left.
    @discardableResult
    public func flush(within limit: Duration) -> Bool {
        let deadline = loop.now.advanced(by: limit)
        while !completions.isEmpty {
            let remaining = loop.now.duration(to: deadline).nanoseconds
            guard remaining > 0 else { return false }
            var request = pollfd(fd: queue.finished, events: Int16(POLLIN), revents: 0)
            let milliseconds = min(remaining / 1_000_000 + 1, 1000)
            if poll(&request, 1, Int32(milliseconds)) > 0 { complete() }
        }
        return true
    }

    private func complete() {
        for outcome in queue.takeFinished() {
            for id in outcome.ids {
                completions.removeValue(forKey: id)?(outcome.result)
            }
        }
    }
}
