internal import CLinux
internal import Glibc
public import Wire

/// A non-blocking packet(7) socket for whole Ethernet frames of one type on one interface.
///
/// It is opened without a protocol, gets its filter, and is bound last, so that no frame the filter refuses is ever
/// queued.
public struct PacketSocket: ~Copyable, Sendable {
    /// How the kernel sorted a frame by its destination (sll_pkttype of packet(7)).
    public struct PacketType: RawRepresentable, Hashable, Sendable {
        /// The kernel's number.
        public let rawValue: UInt8

        /// The type with this number.
        public init(rawValue: UInt8) {
            self.rawValue = rawValue
        }

        /// PACKET_HOST: addressed to this interface.
        public static let host = PacketType(rawValue: UInt8(PACKET_HOST))
        /// PACKET_BROADCAST: addressed to everybody.
        public static let broadcast = PacketType(rawValue: UInt8(PACKET_BROADCAST))
        /// PACKET_MULTICAST: addressed to a group.
        public static let multicast = PacketType(rawValue: UInt8(PACKET_MULTICAST))
    }

    /// What came with a frame.
    public struct Reception: Hashable, Sendable {
        /// The number of bytes at the front of the buffer.
        public var count: Int
        /// The interface that the frame belongs to: a VLAN's or a bond's, where it only came in by the bound one.
        public var interfaceIndex: UInt32
        /// Whom the frame was addressed to.
        public var packetType: PacketType
    }

    private let descriptor: FileDescriptor

    /// A socket for the frames of `etherType` (16 bits, for example 0x0806) on an interface that `filter` accepts.
    ///
    /// - Throws: `Errno`: EPERM without CAP_NET_RAW, ENODEV where the interface is gone.
    public init(etherType: UInt16, interfaceIndex: UInt32, filter: [BPFInstruction]) throws(Errno) {
        let type = Int32(SOCK_RAW.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let opened = try FileDescriptor(result: socket(AF_PACKET, type, 0), "open a packet socket")
        try Self.attach(filter, to: opened.rawValue)
        var address = sockaddr_ll()
        address.sll_family = UInt16(AF_PACKET)
        address.sll_protocol = etherType.bigEndian
        address.sll_ifindex = Int32(bitPattern: interfaceIndex)
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(opened.rawValue, $0, socklen_t(MemoryLayout<sockaddr_ll>.size))
            }
        }
        guard result == 0 else { throw Errno.last("bind a packet socket to interface \(interfaceIndex)") }
        descriptor = opened
    }

    /// A socket that another process made and bound, with its filter and the frames that wait in it.
    ///
    /// - Throws: `Errno`: EINVAL where it is no socket for the frames of `etherType` on this interface.
    public init(
        adopting adopted: consuming FileDescriptor, etherType: UInt16, interfaceIndex: UInt32
    ) throws(Errno) {
        var address = sockaddr_ll()
        var length = socklen_t(MemoryLayout<sockaddr_ll>.size)
        let result = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(adopted.rawValue, $0, &length) }
        }
        guard result == 0 else { throw Errno.last("adopt a packet socket") }
        guard address.sll_family == UInt16(AF_PACKET), address.sll_protocol == etherType.bigEndian,
            UInt32(bitPattern: address.sll_ifindex) == interfaceIndex
        else { throw Errno(EINVAL, "adopt a packet socket of interface \(interfaceIndex)") }
        let flags = fcntl(adopted.rawValue, F_GETFL)
        guard flags >= 0, fcntl(adopted.rawValue, F_SETFL, flags | O_NONBLOCK) == 0 else {
            throw Errno.last("adopt a packet socket")
        }
        descriptor = adopted
    }

    /// The kernel's number, for an event loop that borrows it.
    public var rawValue: Int32 { descriptor.rawValue }

    /// Puts `filter` in place of the one in force, at once and without a gap.
    public func setFilter(_ filter: [BPFInstruction]) throws(Errno) {
        try Self.attach(filter, to: descriptor.rawValue)
    }

    /// Has the interface take in what is sent to anybody (`PACKET_MR_PROMISC`) and to any group (`PACKET_MR_ALLMULTI`), for as
    /// long as this socket is open. The filter still says what reaches it.
    ///
    /// - Throws: `Errno`: ENODEV where the interface is gone.
    public func takeEverything(on interfaceIndex: UInt32) throws(Errno) {
        for type in [PACKET_MR_PROMISC, PACKET_MR_ALLMULTI] {
            var request = packet_mreq()
            request.mr_ifindex = Int32(bitPattern: interfaceIndex)
            request.mr_type = UInt16(type)
            try descriptor.set(
                SOL_PACKET, PACKET_ADD_MEMBERSHIP, request, "have interface \(interfaceIndex) take in everything")
        }
    }

    private static func attach(_ filter: [BPFInstruction], to descriptor: Int32) throws(Errno) {
        var instructions = filter.map {
            sock_filter(code: $0.code, jt: $0.jumpTrue, jf: $0.jumpFalse, k: $0.operand)
        }
        let result = instructions.withUnsafeMutableBufferPointer { buffer in
            var program = sock_fprog(len: UInt16(clamping: buffer.count), filter: buffer.baseAddress)
            return setsockopt(
                descriptor, SOL_SOCKET, SO_ATTACH_FILTER, &program, socklen_t(MemoryLayout<sock_fprog>.size))
        }
        guard result == 0 else { throw Errno.last("attach a packet filter") }
    }

    /// Puts the next frame into `buffer`, cut to its size; nil where none waits.
    ///
    /// - Throws: `Errno`: ENETDOWN once after the interface went down.
    public func receive(into buffer: inout [UInt8]) throws(Errno) -> Reception? {
        var address = sockaddr_ll()
        var length = socklen_t(MemoryLayout<sockaddr_ll>.size)
        let count = buffer.withUnsafeMutableBytes { bytes in
            withUnsafeMutablePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    recvfrom(descriptor.rawValue, bytes.baseAddress, bytes.count, 0, $0, &length)
                }
            }
        }
        guard count >= 0 else {
            if errno == EAGAIN || errno == EINTR { return nil }
            throw Errno.last("receive a frame")
        }
        return Reception(
            count: count, interfaceIndex: UInt32(bitPattern: address.sll_ifindex),
            packetType: PacketType(rawValue: address.sll_pkttype))
    }

    /// Sends a whole frame, Ethernet header included.
    ///
    /// - Throws: `Errno`: ENETDOWN or ENXIO where the interface is down or gone, EAGAIN or ENOBUFS where its queue is
    ///   full.
    public func send(_ frame: [UInt8]) throws(Errno) {
        let count = frame.withUnsafeBytes { Glibc.send(descriptor.rawValue, $0.baseAddress, $0.count, 0) }
        guard count >= 0 else { throw Errno.last("send a frame") }
    }
}
