internal import CLinux
internal import Glibc

/// A connection between two processes of this machine (unix(7), SOCK_STREAM).
public struct UnixSocket: ~Copyable, Sendable {
    private let descriptor: FileDescriptor

    init(owning descriptor: consuming FileDescriptor) {
        self.descriptor = descriptor
    }

    /// A connection to who listens at `path`. Connecting, receiving and sending wait, each for at most `seconds`.
    ///
    /// - Throws: `Errno`: ENOENT or ECONNREFUSED where nobody listens, EACCES where the socket is not for this user.
    public init(connectingTo path: String, timeoutSeconds seconds: Int) throws(Errno) {
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        let opened = try FileDescriptor(result: socket(AF_UNIX, type, 0), "open a Unix socket")
        let number = opened.rawValue
        var limit = timeval(tv_sec: seconds, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        guard setsockopt(number, SOL_SOCKET, SO_RCVTIMEO, &limit, size) == 0,
            setsockopt(number, SOL_SOCKET, SO_SNDTIMEO, &limit, size) == 0
        else { throw Errno.last("set a time limit") }
        try UnixAddress.with(path, "connect to \(path)") { connect(number, $0, $1) }
        descriptor = opened
    }

    /// The kernel's number, for an event loop that borrows it.
    public var rawValue: Int32 { descriptor.rawValue }

    /// Puts what has come into the front of `buffer` and gives the number of bytes: 0 at the end, nil where nothing waits
    /// or, on a connection that waits, nothing came in time.
    ///
    /// - Throws: `Errno`: ECONNRESET where the other side went away.
    public func receive(into buffer: inout [UInt8]) throws(Errno) -> Int? {
        try descriptor.receiveBytes(into: &buffer)
    }

    /// Sends as much of `bytes` as the kernel takes now and gives its number; 0 where it takes none.
    ///
    /// - Throws: `Errno`: EPIPE where the other side went away.
    public func send(_ bytes: ArraySlice<UInt8>) throws(Errno) -> Int {
        try descriptor.sendBytes(bytes)
    }
}
