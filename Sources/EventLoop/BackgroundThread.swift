internal import Glibc
internal import System

/// A thread beside the loop's, for what may wait for the disk. It takes no signals, which are the loop's, and nobody joins it.
enum BackgroundThread {
    private final class Body: Sendable {
        let run: @Sendable () -> Void

        init(_ run: @escaping @Sendable () -> Void) {
            self.run = run
        }
    }

    /// Starts a thread that ends when `run` returns; `action` says what for, in words that complete "cannot …".
    ///
    /// - Throws: `Errno` where the kernel gives none.
    static func start(_ action: String, _ run: @escaping @Sendable () -> Void) throws(Errno) {
        var all = sigset_t()
        var previous = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_SETMASK, &all, &previous)
        defer { pthread_sigmask(SIG_SETMASK, &previous, nil) }
        let context = Unmanaged.passRetained(Body(run))
        var thread = pthread_t()
        let result = pthread_create(
            &thread, nil,
            { context in
                if let context { Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run() }
                return nil
            }, context.toOpaque())
        guard result == 0 else {
            context.release()
            throw Errno(result, action)
        }
        pthread_detach(thread)
    }
}
