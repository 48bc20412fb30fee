internal import CLinux
internal import Glibc
public import Wire

/// A UDP socket (udp(7)) that never blocks.
public struct UDPSocket: ~Copyable, Sendable {
    /// What came with a datagram.
    public struct Reception: Hashable, Sendable {
        /// The number of bytes at the front of the buffer.
        public var count: Int
        /// Who sent it.
        public var source: SocketAddress
        /// The interface that it came in by; 0 where the kernel does not tell.
        public var interfaceIndex: UInt32
    }

    /// Where it listens.
    public let address: SocketAddress

    private let descriptor: FileDescriptor
    private var family: AddressFamily { address.address.family }

    /// Room for the control messages of one datagram.
    private static let controlBytes = 256

    /// Listens at `address`, on a port that is free where that is 0. At `::` it hears IPv4 as well.
    ///
    /// - Throws: `Errno`: EADDRINUSE where the port is taken, EADDRNOTAVAIL where the address is not this host's.
    public init(at address: SocketAddress) throws(Errno) {
        let opened = try FileDescriptor.internetSocket(address.address.family, SOCK_DGRAM)
        try opened.bindInternet(address)
        switch address.address.family {
        case .ipv4: try opened.set(Int32(IPPROTO_IP), IP_PKTINFO, 1 as Int32, "listen on \(address)")
        case .ipv6: try opened.set(Int32(IPPROTO_IPV6), IPV6_RECVPKTINFO, 1 as Int32, "listen on \(address)")
        }
        self.address = try opened.boundAddress()
        descriptor = opened
    }

    /// The kernel's number, for an event loop that borrows it.
    public var rawValue: Int32 { descriptor.rawValue }

    /// Puts the next datagram into `buffer`, cut to its size; nil where none waits.
    ///
    /// - Throws: `Errno`: what became of datagrams sent before, such as ECONNREFUSED; the next call goes on.
    public func receive(into buffer: inout [UInt8]) throws(Errno) -> Reception? {
        var source = InternetAddress()
        var interfaceIndex: UInt32 = 0
        let count = buffer.withUnsafeMutableBytes { bytes in
            source.write { name, length in
                withUnsafeTemporaryAllocation(byteCount: Self.controlBytes, alignment: 8) { control in
                    var part = iovec(iov_base: bytes.baseAddress, iov_len: bytes.count)
                    return withUnsafeMutablePointer(to: &part) { part in
                        var message = msghdr()
                        message.msg_name = UnsafeMutableRawPointer(name)
                        message.msg_namelen = length.pointee
                        message.msg_iov = part
                        message.msg_iovlen = 1
                        message.msg_control = control.baseAddress
                        message.msg_controllen = control.count
                        let count = recvmsg(descriptor.rawValue, &message, 0)
                        if count >= 0 { interfaceIndex = lbd_interface_index(&message) }
                        return count
                    }
                }
            }
        }
        guard count >= 0 else {
            if errno == EAGAIN || errno == EINTR { return nil }
            throw Errno.last("receive a datagram")
        }
        guard let source = source.socketAddress else { return nil }
        return Reception(count: count, source: source, interfaceIndex: interfaceIndex)
    }

    /// Sends a datagram.
    ///
    /// - Throws: `Errno`: ENETUNREACH where no route leads there, EAGAIN or ENOBUFS where a queue is full, EMSGSIZE where
    ///   it is too long, ECONNREFUSED for one before it that nobody wanted.
    public func send(_ bytes: [UInt8], to destination: SocketAddress) throws(Errno) {
        let address = InternetAddress(destination, family: family)
        let count = bytes.withUnsafeBytes { bytes in
            address.read { sendto(descriptor.rawValue, bytes.baseAddress, bytes.count, 0, $0, $1) }
        }
        guard count >= 0 else { throw Errno.last("send a datagram to \(destination)") }
    }

    /// Hears what is sent to the multicast `group` on the interface with this index, and of what goes to groups nothing else
    /// any more that other sockets of this host have joined.
    ///
    /// - Throws: `Errno`: ENODEV where the interface is gone, EADDRINUSE where the group is heard there already.
    public func join(_ group: IPAddress, on interfaceIndex: UInt32) throws(Errno) {
        let address = InternetAddress(SocketAddress(group, port: 0), family: family)
        let request = group_req(gr_interface: interfaceIndex, gr_group: address.storage)
        let action = "hear \(group) on interface \(interfaceIndex)"
        switch family {
        case .ipv4: try descriptor.set(level, IP_MULTICAST_ALL, 0 as Int32, action)
        case .ipv6: try descriptor.set(level, IPV6_MULTICAST_ALL, 0 as Int32, action)
        }
        try descriptor.set(level, Int32(MCAST_JOIN_GROUP), request, action)
    }

    /// Sends what goes to multicast groups by the interface with this index from now on, to its link alone, and not back to
    /// this host.
    ///
    /// - Throws: `Errno`: ENODEV where the interface is gone.
    public func setMulticastInterface(_ interfaceIndex: UInt32) throws(Errno) {
        let action = "send to groups by interface \(interfaceIndex)"
        let (hops, echo) = (1 as Int32, 0 as Int32)
        switch family {
        case .ipv4:
            let request = ip_mreqn(
                imr_multiaddr: in_addr(), imr_address: in_addr(), imr_ifindex: Int32(bitPattern: interfaceIndex))
            try descriptor.set(level, IP_MULTICAST_IF, request, action)
            try descriptor.set(level, IP_MULTICAST_TTL, hops, action)
            try descriptor.set(level, IP_MULTICAST_LOOP, echo, action)
        case .ipv6:
            try descriptor.set(level, IPV6_MULTICAST_IF, Int32(bitPattern: interfaceIndex), action)
            try descriptor.set(level, IPV6_MULTICAST_HOPS, hops, action)
            try descriptor.set(level, IPV6_MULTICAST_LOOP, echo, action)
        }
    }

    /// The level of the options of the socket's protocol.
    private var level: Int32 { family == .ipv4 ? Int32(IPPROTO_IP) : Int32(IPPROTO_IPV6) }
}
