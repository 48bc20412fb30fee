internal import CLinux
internal import Glibc

/// The clock that people read (CLOCK_REALTIME). Nothing that decides looks at it.
public enum WallClock {
    /// Now, in whole seconds since 1970 began (UTC).
    public static var now: Int { time(nil) }

    /// Whether a time server keeps the clock right, as the kernel was told (adjtimex(2): not STA_UNSYNC); nil where the kernel
    /// does not say.
    public static var isSynchronized: Bool? {
        var state = timex()
        guard adjtimex(&state) >= 0 else { return nil }
        return state.status & STA_UNSYNC == 0
    }
}
