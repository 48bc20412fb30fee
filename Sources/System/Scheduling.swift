internal import Glibc

/// Asks the kernel not to keep this process waiting. Nothing needs that to work; a busy machine is slower to fail over without.
public enum Scheduling {
    /// sched(7): what this thread starts is scheduled like any other. glibc has it for GNU sources only.
    private static let resetOnFork: Int32 = 0x4000_0000

    /// Lets the calling thread run before all that share the processors by weight (`SCHED_RR` at its lowest priority).
    /// Threads that it starts later do not inherit that.
    ///
    /// - Throws: `Errno` where this process may not: `RLIMIT_RTPRIO` is 0, or a container or a seccomp filter forbids it.
    public static func becomeRealTime() throws(Errno) {
        var parameters = sched_param(sched_priority: sched_get_priority_min(SCHED_RR))
        guard sched_setscheduler(0, SCHED_RR | resetOnFork, &parameters) == 0 else {
            throw Errno.last("be scheduled in real time")
        }
    }
}
