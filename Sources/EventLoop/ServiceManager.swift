internal import CSystemd

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

    /// RELOADING=1 with the monotonic time that newer managers want; `ready` must follow.
    public static func reloading(monotonicMicroseconds: UInt64) {
        sd_notify(0, "RELOADING=1\nMONOTONIC_USEC=\(monotonicMicroseconds)")
    }

    /// STOPPING=1: the daemon is about to end.
    public static func stopping() {
        sd_notify(0, "STOPPING=1")
    }
}
