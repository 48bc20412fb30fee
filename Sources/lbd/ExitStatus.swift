/// What the process ends with.
enum ExitStatus {
    /// All went well.
    static let done: Int32 = 0
    /// `lbd check` found mistakes, `lbd doctor` something that is wrong, or `lbd enroll` failed.
    static let failed: Int32 = 1
    /// The command line is wrong.
    static let wrongUsage: Int32 = 2
    /// No daemon answers; or, of the daemon, it cannot run here (EX_UNAVAILABLE of sysexits.h).
    static let unavailable: Int32 = 69
    /// lbd.yaml is wrong (EX_CONFIG of sysexits.h).
    static let badConfiguration: Int32 = 78
}
