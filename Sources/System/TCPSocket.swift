internal import CLinux
internal import Glibc
public import Wire

/// A TCP connection (tcp(7)) that never blocks.
public struct TCPSocket: ~Copyable, Sendable {
    /// Who is at the other end.
    public let peer: SocketAddress

    private let descriptor: FileDescriptor

    /// Begins to connect to who listens at `peer`, from this host's address `source` where that is set. The socket is
    /// writable once that has succeeded or failed: see `finishConnecting`.
    ///
    /// - Throws: `Errno`: ENETUNREACH where no route leads there, EADDRNOTAVAIL where `source` is not this host's.
    public init(
        connectingTo peer: SocketAddress, from source: IPAddress? = nil, with options: TCPOptions = TCPOptions()
    ) throws(Errno) {
        let opened = try FileDescriptor.internetSocket(peer.address.family, SOCK_STREAM)
        try options.apply(to: opened, peer)
        if let source {
            // The port is chosen with the connection, so that connections to many peers can share one.
            try opened.set(Int32(IPPROTO_IP), IP_BIND_ADDRESS_NO_PORT, 1 as Int32, "connect from \(source)")
            try opened.bindInternet(SocketAddress(source, port: 0), "connect from \(source)")
        }
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

    /// Gives an accepted connection the limit of hops that `options` have.
    ///
    /// - Throws: `Errno` where the kernel does not take it.
    public func limit(by options: TCPOptions) throws(Errno) { try options.limit(descriptor, peer) }

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

    /// This host's end of the connection.
    ///
    /// - Throws: `Errno` where the kernel does not tell.
    public func localAddress() throws(Errno) -> SocketAddress {
        try descriptor.boundAddress()
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

    /// Tells the other side that nothing more will be sent, once what was is out; what it sends can still be received.
    ///
    /// - Throws: `Errno`: ENOTCONN where the connection does not stand any more.
    public func finishSending() throws(Errno) {
        guard shutdown(descriptor.rawValue, Int32(SHUT_WR)) == 0 else { throw Errno.last("end a connection") }
    }
}
