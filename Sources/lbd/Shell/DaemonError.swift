internal import Glibc
import System

/// Why the daemon cannot start.
enum DaemonError: Error, CustomStringConvertible {
    /// A system call failed that nothing works without.
    case system(Errno)
    /// Another daemon holds the state folder at `path`.
    case alreadyRunning(path: String)

    /// The kernel's number that comes nearest (errno(3)).
    var code: Int32 {
        switch self {
        case .system(let error): error.code
        case .alreadyRunning: EBUSY
        }
    }

    /// The error in words, with what to do about it.
    var description: String {
        switch self {
        case .system(let error):
            "\(error)"
        case .alreadyRunning(let path):
            "another lbd uses the state folder \(path); stop it first, or give this one its own by the key `state`"
        }
    }
}
