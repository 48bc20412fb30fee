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
        /// The TTL or hop limit that it came with; 0 unless `tellHopLimits` was called.
        public var hopLimit: UInt8
        /// How long it has waited in the socket; zero unless `tellAges` was called, and one second at most.
        public var age: Duration
    }

    /// Where it listens.
    public let address: SocketAddress

    private let descriptor: FileDescriptor
    private var family: AddressFamily { address.address.family }

    /// Room for the control messages of one datagram.
    private static let controlBytes = 256

    /// Listens at `address`, on a port that is free where that is 0. At `::` it hears IPv4 as well. At a multicast group's
    /// address it may share the port with a socket of another address that was opened before.
    ///
    /// - Throws: `Errno`: EADDRINUSE where the port is taken, EADDRNOTAVAIL where the address is not this host's.
    public init(at address: SocketAddress) throws(Errno) {
        let opened = try FileDescriptor.internetSocket(address.address.family, SOCK_DGRAM)
        let action = "listen on \(address)"
        // Both must allow it to share a port. The one that is not a group's does so too late for another of its kind.
        if address.address.isMulticast { try opened.set(SOL_SOCKET, SO_REUSEADDR, 1 as Int32, action) }
        try opened.bindInternet(address)
        if !address.address.isMulticast { try opened.set(SOL_SOCKET, SO_REUSEADDR, 1 as Int32, action) }
        // Else it would hear every group that any socket of this host has joined.
        try opened.set(Int32(IPPROTO_IP), IP_MULTICAST_ALL, 0 as Int32, action)
        switch address.address.family {
        case .ipv4:
            try opened.set(Int32(IPPROTO_IP), IP_PKTINFO, 1 as Int32, action)
        case .ipv6:
            try opened.set(Int32(IPPROTO_IPV6), IPV6_RECVPKTINFO, 1 as Int32, action)
            try opened.set(Int32(IPPROTO_IPV6), IPV6_MULTICAST_ALL, 0 as Int32, action)
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
        var hopLimit: UInt8 = 0
        var age = Duration.zero
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
                        if count >= 0 {
                            interfaceIndex = lbd_interface_index(&message)
                            hopLimit = lbd_hop_limit(&message)
                            age = Self.age(of: &message)
                        }
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
        return Reception(count: count, source: source, interfaceIndex: interfaceIndex, hopLimit: hopLimit, age: age)
    }

    private static func age(of message: inout msghdr) -> Duration {
        var (arrival, now) = (timespec(), timespec())
        guard lbd_arrival(&message, &arrival) != 0, clock_gettime(CLOCK_REALTIME, &now) == 0 else { return .zero }
        let age = Duration.seconds(now.tv_sec - arrival.tv_sec) + .nanoseconds(now.tv_nsec - arrival.tv_nsec)
        // Somebody may have set the clock meanwhile.
        return min(max(age, .zero), .seconds(1))
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

    /// Has `Reception.hopLimit` told from now on.
    ///
    /// - Throws: `Errno` where the kernel does not tell it.
    public func tellHopLimits() throws(Errno) {
        // A socket of IPv6 may hear IPv4 as well.
        try descriptor.set(Int32(IPPROTO_IP), IP_RECVTTL, 1 as Int32, "ask for TTLs")
        if family == .ipv6 {
            try descriptor.set(Int32(IPPROTO_IPV6), IPV6_RECVHOPLIMIT, 1 as Int32, "ask for hop limits")
        }
    }

    /// Has `Reception.age` told from now on.
    ///
    /// - Throws: `Errno` where the kernel does not tell it.
    public func tellAges() throws(Errno) {
        try descriptor.set(SOL_SOCKET, SO_TIMESTAMPNS, 1 as Int32, "ask for times of arrival")
    }

    /// Sends with this TTL or hop limit from now on.
    ///
    /// - Throws: `Errno` where the kernel does not take it.
    public func setHopLimit(_ hopLimit: UInt8) throws(Errno) {
        let action = "send with the hop limit \(hopLimit)"
        switch family {
        case .ipv4: try descriptor.set(Int32(IPPROTO_IP), IP_TTL, Int32(hopLimit), action)
        case .ipv6: try descriptor.set(Int32(IPPROTO_IPV6), IPV6_UNICAST_HOPS, Int32(hopLimit), action)
        }
    }

    /// Hears what is sent to the multicast `group` on the interface with this index.
    ///
    /// - Throws: `Errno`: ENODEV where the interface is gone, EADDRINUSE where the group is heard there already.
    public func join(_ group: IPAddress, on interfaceIndex: UInt32) throws(Errno) {
        let address = InternetAddress(SocketAddress(group, port: 0), family: family)
        let request = group_req(gr_interface: interfaceIndex, gr_group: address.storage)
        let level = family == .ipv4 ? IPPROTO_IP : IPPROTO_IPV6
        try descriptor.set(
            Int32(level), Int32(MCAST_JOIN_GROUP), request, "hear \(group) on interface \(interfaceIndex)")
    }

    /// Sends what goes to multicast groups by the interface with this index from now on, to its link alone, and not back to
    /// this host.
    ///
    /// - Throws: `Errno`: ENODEV where the interface is gone.
    public func setMulticastInterface(_ interfaceIndex: UInt32) throws(Errno) {
        let action = "send to groups by interface \(interfaceIndex)"
        let (hops, echo) = (1 as Int32, 0 as Int32)
        let request = ip_mreqn(
            imr_multiaddr: in_addr(), imr_address: in_addr(), imr_ifindex: Int32(bitPattern: interfaceIndex))
        try descriptor.set(Int32(IPPROTO_IP), IP_MULTICAST_IF, request, action)
        try descriptor.set(Int32(IPPROTO_IP), IP_MULTICAST_TTL, hops, action)
        try descriptor.set(Int32(IPPROTO_IP), IP_MULTICAST_LOOP, echo, action)
        // A socket of IPv6 sends to groups of IPv4 by the options above.
        guard family == .ipv6 else { return }
        try descriptor.set(Int32(IPPROTO_IPV6), IPV6_MULTICAST_IF, Int32(bitPattern: interfaceIndex), action)
        try descriptor.set(Int32(IPPROTO_IPV6), IPV6_MULTICAST_HOPS, hops, action)
        try descriptor.set(Int32(IPPROTO_IPV6), IPV6_MULTICAST_LOOP, echo, action)
    }
}
