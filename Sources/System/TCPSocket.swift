internal import CLinux
internal import Glibc
public import Wire

/// A TCP connection (tcp(7)) that never blocks.
public struct TCPSocket: ~Copyable, Sendable {
    /// Who is at the other end.
    public let peer: SocketAddress

    private let descriptor: FileDescriptor

    /// Begins to connect to who listens at `peer`. The socket is writable once that has succeeded or failed: see
    /// `finishConnecting`.
    ///
    /// - Throws: `Errno`: ENETUNREACH where no route leads there.
    public init(connectingTo peer: SocketAddress) throws(Errno) {
        let opened = try FileDescriptor.internetSocket(peer.address.family, SOCK_STREAM)
        let result = InternetAddress(peer).read { connect(opened.rawValue, $0, $1) }
        guard result == 0 || errno == EINPROGRESS else { throw Errno.last("connect to \(peer)") }
        self.peer = peer
        descriptor = opened
    }

    /// Takes over an accepted connection.
    init(accepted: consuming FileDescriptor, from peer: SocketAddress) {
        self.peer = peer
        descriptor = accepted
    }

    /// The kernel's number, for an event loop that borrows it.
    public var rawValue: Int32 { descriptor.rawValue }

    /// Whether the connection that was begun stands; to be asked once the socket is writable.
    ///
    /// - Throws: `Errno`: ECONNREFUSED where nobody listens, ETIMEDOUT or EHOSTUNREACH where nobody answers.
    public func finishConnecting() throws(Errno) {
        var code: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        guard getsockopt(descriptor.rawValue, SOL_SOCKET, SO_ERROR, &code, &size) == 0 else {
            throw Errno.last("connect to \(peer)")
        }
        guard code == 0 else { throw Errno(code, "connect to \(peer)") }
    }

    /// Puts what has come into the front of `buffer` and gives the number of bytes: 0 at the end, nil where nothing waits.
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
