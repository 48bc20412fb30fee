internal import Glibc

/// An open file descriptor with one owner; closed when the owner lets go of it.
public struct FileDescriptor: ~Copyable, Sendable {
    /// The kernel's number, for calls that borrow the descriptor.
    public let rawValue: Int32

    /// Takes ownership of an open descriptor.
    public init(owning rawValue: Int32) {
        self.rawValue = rawValue
    }

    /// Takes ownership of the result of a system call that returns a descriptor, or -1 with `errno` set.
    ///
    /// - Throws: `Errno` with `action` where the call failed.
    public init(result: Int32, _ action: @autoclosure () -> String) throws(Errno) {
        guard result >= 0 else { throw Errno.last(action()) }
        rawValue = result
    }

    deinit {
        _ = close(rawValue)
    }
}
