internal import CLinux
internal import Glibc
public import Wire

/// A socket that has joined multicast groups of IPv6 and receives nothing: while it is open, the kernel tells the network's
/// switches by MLD (RFC 3810) that this host wants the groups' frames, and has the interface take them in.
public struct GroupSocket: ~Copyable, Sendable {
    private let descriptor: FileDescriptor

    /// A socket that has joined nothing.
    ///
    /// - Throws: `Errno`: EAFNOSUPPORT where the kernel has no IPv6.
    public init() throws(Errno) {
        descriptor = try FileDescriptor.internetSocket(.ipv6, SOCK_DGRAM)
    }

    /// The kernel's number, to be kept over the end of the process.
    public var rawValue: Int32 { descriptor.rawValue }

    /// Joins `group` on the interface with this index.
    ///
    /// - Throws: `Errno`: ENODEV where the interface is gone or has no IPv6, EADDRINUSE where this socket has joined it
    ///   already, ENOBUFS where it has joined as many groups as the kernel allows it (its sysctl net.core.optmem_max).
    public func join(_ group: IPv6Address, on interfaceIndex: UInt32) throws(Errno) {
        try change(MCAST_JOIN_GROUP, group, interfaceIndex, "join the group")
    }

    /// Leaves `group` on the interface with this index.
    ///
    /// - Throws: `Errno`: EADDRNOTAVAIL where it was not joined, ENODEV where the interface is gone.
    public func leave(_ group: IPv6Address, on interfaceIndex: UInt32) throws(Errno) {
        try change(MCAST_LEAVE_GROUP, group, interfaceIndex, "leave the group")
    }

    private func change(
        _ option: Int32, _ group: IPv6Address, _ interfaceIndex: UInt32, _ action: String
    ) throws(Errno) {
        let address = InternetAddress(SocketAddress(.v6(group), port: 0), family: .ipv6)
        let request = group_req(gr_interface: interfaceIndex, gr_group: address.storage)
        try descriptor.set(Int32(IPPROTO_IPV6), option, request, "\(action) \(group) on interface \(interfaceIndex)")
    }
}
