internal import CSystemd
internal import Glibc
public import System
internal import Wire

/// What the service manager is told (sd_notify(3)); nothing happens where there is none.
public enum ServiceManager {
    /// READY=1: the daemon serves.
    public static func ready() {
        sd_notify(0, "READY=1")
    }

    /// STATUS=: one line for `systemctl status`.
    public static func status(_ text: String) {
        sd_notify(0, "STATUS=\(text)")
    }

    /// STATUS= and ERRNO=: why the daemon cannot start.
    public static func failed(_ text: String, errno: Int32) {
        sd_notify(0, "STATUS=\(text)\nERRNO=\(errno)")
    }

    /// Within which time the manager wants WATCHDOG=1 again and again (sd_watchdog_enabled(3)); nil where it does not.
    public static var watchdogLimit: Duration? {
        var microseconds: UInt64 = 0
        guard sd_watchdog_enabled(0, &microseconds) > 0 else { return nil }
        return .microseconds(microseconds)
    }

    /// WATCHDOG=1: the daemon makes progress.
    public static func feedWatchdog() {
        sd_notify(0, "WATCHDOG=1")
    }

    /// RELOADING=1 with the monotonic time that newer managers want; `ready` must follow.
    public static func reloading(monotonicMicroseconds: UInt64) {
        sd_notify(0, "RELOADING=1\nMONOTONIC_USEC=\(monotonicMicroseconds)")
    }

    /// STOPPING=1: the daemon is about to end.
    public static func stopping() {
        sd_notify(0, "STOPPING=1")
    }

    // MARK: The file descriptor store

    /// FDSTORE=1: the service manager keeps the descriptor, as `name`, for the process that follows a restart.
    public static func store(_ descriptor: Int32, name: String) {
        var descriptor = descriptor
        sd_pid_notify_with_fds(0, 0, "FDSTORE=1\nFDNAME=\(name)", &descriptor, 1)
    }

    /// FDSTOREREMOVE=1: the service manager lets go of what it keeps as `name`.
    public static func unstore(name: String) {
        sd_notify(0, "FDSTOREREMOVE=1\nFDNAME=\(name)")
    }

    /// Waits until all that was told has been taken in, but no longer than `limit`: what a process that has ended told is
    /// not believed.
    public static func synchronize(within limit: Duration) {
        sd_notify_barrier(0, UInt64(max(0, limit.nanoseconds / 1000)))
    }

    /// Takes over the descriptors that the service manager kept from the process before this one, by their names (LISTEN_FDS,
    /// sd_listen_fds(3)). `take` gets each once and may keep it.
    public static func takeStored(_ take: (_ name: String, _ descriptor: consuming FileDescriptor) -> Void) {
        var names: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
        // Sets FD_CLOEXEC, and forgets the environment's variables, which are for this process alone.
        let count = sd_listen_fds_with_names(1, &names)
        guard count > 0 else { return }
        let first: Int32 = 3
        for index in 0..<count {
            let name = names?[Int(index)]
            take(name.map { String(cString: $0) } ?? "", FileDescriptor(owning: first + index))
            free(name)
        }
        free(names)
    }
}
