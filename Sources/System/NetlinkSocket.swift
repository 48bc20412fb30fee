internal import CLinux
internal import Glibc

/// A non-blocking netlink(7) socket of the routing family (NETLINK_ROUTE).
public struct NetlinkSocket: ~Copyable, Sendable {
    /// What came with a datagram.
    public struct Reception: Hashable, Sendable {
        /// The datagram's length in bytes; more than the buffer's size where the kernel had to cut it.
        public var count: Int
        /// The sender's nl_pid: 0 for the kernel, the only one to believe.
        public var senderPortID: UInt32
    }

    private let descriptor: FileDescriptor

    /// A socket that hears the multicast `groups` (bits RTMGRP_… of linux/rtnetlink.h) and queues about
    /// `receiveBufferBytes` of them; fewer where the process may not go beyond net.core.rmem_max.
    public init(groups: UInt32, receiveBufferBytes: Int32) throws(Errno) {
        let type = Int32(SOCK_RAW.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let opened = try FileDescriptor(result: socket(AF_NETLINK, type, NETLINK_ROUTE), "open a netlink socket")
        var bytes = receiveBufferBytes
        let size = socklen_t(MemoryLayout<Int32>.size)
        if setsockopt(opened.rawValue, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, size) != 0 {
            // Without CAP_NET_ADMIN. A smaller buffer only makes an overrun, and so a new dump, likelier.
            _ = setsockopt(opened.rawValue, SOL_SOCKET, SO_RCVBUF, &bytes, size)
        }
        var address = sockaddr_nl()
        address.nl_family = UInt16(AF_NETLINK)
        address.nl_groups = groups
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(opened.rawValue, $0, socklen_t(MemoryLayout<sockaddr_nl>.size))
            }
        }
        guard result == 0 else { throw Errno.last("bind a netlink socket") }
        descriptor = opened
    }

    /// The kernel's number, for an event loop that borrows it.
    public var rawValue: Int32 { descriptor.rawValue }

    /// Puts the next datagram into `buffer`; nil where none waits.
    ///
    /// - Throws: `Errno`: ENOBUFS where messages were lost because the queue was full.
    public func receive(into buffer: inout [UInt8]) throws(Errno) -> Reception? {
        var address = sockaddr_nl()
        var length = socklen_t(MemoryLayout<sockaddr_nl>.size)
        let count = buffer.withUnsafeMutableBytes { bytes in
            withUnsafeMutablePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    recvfrom(
                        descriptor.rawValue, bytes.baseAddress, bytes.count, Int32(MSG_TRUNC), $0, &length)
                }
            }
        }
        guard count >= 0 else {
            if errno == EAGAIN || errno == EINTR { return nil }
            throw Errno.last("receive from netlink")
        }
        return Reception(count: count, senderPortID: address.nl_pid)
    }

    /// Sends a request to the kernel.
    public func send(_ request: [UInt8]) throws(Errno) {
        let count = request.withUnsafeBytes { Glibc.send(descriptor.rawValue, $0.baseAddress, $0.count, 0) }
        guard count >= 0 else { throw Errno.last("send to netlink") }
    }
}
