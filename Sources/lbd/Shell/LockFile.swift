internal import Glibc
import System

/// A file that one process at a time can hold (flock(2)); given back when it is let go of or the process ends.
final class LockFile {
    private let descriptor: FileDescriptor

    /// Takes the lock, making the file where it is missing.
    ///
    /// - Throws: `Errno`: EWOULDBLOCK where another process holds it.
    init(_ path: String) throws(Errno) {
        descriptor = try FileDescriptor(result: open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600), "open \(path)")
        guard flock(descriptor.rawValue, LOCK_EX | LOCK_NB) == 0 else { throw Errno.last("lock \(path)") }
    }
}
