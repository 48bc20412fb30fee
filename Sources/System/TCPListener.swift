internal import CLinux
internal import Glibc
public import Wire

/// A TCP socket that listens (tcp(7)) and never blocks.
public struct TCPListener: ~Copyable, Sendable {
    /// How many connections may wait to be accepted.
    private static let backlog: Int32 = 64

    /// Where it listens.
    public let address: SocketAddress

    private let descriptor: FileDescriptor

    /// Listens at `address`, on a port that is free where that is 0. At `::` it hears IPv4 as well.
    ///
    /// - Throws: `Errno`: EADDRINUSE where the port is taken, EADDRNOTAVAIL where the address is not this host's.
    public init(at address: SocketAddress) throws(Errno) {
        let opened = try FileDescriptor.internetSocket(address.address.family, SOCK_STREAM)
        // Connections of a process before this one that are not forgotten yet do not take the port.
        try opened.set(SOL_SOCKET, SO_REUSEADDR, 1 as Int32, "listen on \(address)")
        try opened.bindInternet(address)
        guard listen(opened.rawValue, Self.backlog) == 0 else { throw Errno.last("listen on \(address)") }
        self.address = try opened.boundAddress()
        descriptor = opened
    }

    /// Answers with this TTL or hop limit from now on, as do the connections that are accepted.
    ///
    /// - Throws: `Errno` where the kernel does not take it.
    public func setHopLimit(_ hopLimit: UInt8) throws(Errno) {
        let action = "send with the hop limit \(hopLimit)"
        try descriptor.set(Int32(IPPROTO_IP), IP_TTL, Int32(hopLimit), action)
        if address.address.family == .ipv6 {
            try descriptor.set(Int32(IPPROTO_IPV6), IPV6_UNICAST_HOPS, Int32(hopLimit), action)
        }
    }

    /// Hears `peer` from now on only where it signs every segment with `key` (TCP-MD5, RFC 2385), and signs what goes to it; an
    /// empty key ends that.
    ///
    /// - Throws: `Errno`: EINVAL where the key is longer than `TCPOptions.longestKeyBytes`, ENOENT where there was none to end.
    public func sign(what peer: IPAddress, with key: [UInt8]) throws(Errno) {
        try descriptor.sign(what: SocketAddress(peer, port: 0), with: key, family: address.address.family)
    }

    /// The kernel's number, for an event loop that borrows it.
    public var rawValue: Int32 { descriptor.rawValue }

    /// The next connection that waits; nil where none does, or where it has been given up meanwhile.
    ///
    /// - Throws: `Errno`: EMFILE or ENFILE where there are no more descriptors; the connection goes on waiting.
    public func accept() throws(Errno) -> TCPSocket? {
        guard let connection = try descriptor.acceptConnection() else { return nil }
        var address = InternetAddress()
        let number = connection.rawValue
        guard address.write({ getpeername(number, $0, $1) }) == 0, let peer = address.socketAddress else { return nil }
        return TCPSocket(accepted: connection, from: peer)
    }
}
