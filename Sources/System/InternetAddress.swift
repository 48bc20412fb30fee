internal import CLinux
internal import Glibc
internal import Wire

/// The kernel's form of a `SocketAddress` (ip(7), ipv6(7)).
struct InternetAddress {
    private(set) var storage = sockaddr_storage()
    private(set) var length = socklen_t(MemoryLayout<sockaddr_storage>.size)

    /// Room for an address that the kernel tells.
    init() {}

    /// The address as a socket of `family` takes it: one of IPv6 reaches an IPv4 host by its mapped address (RFC 4291
    /// section 2.5.5.2).
    init(_ address: SocketAddress, family: AddressFamily? = nil) {
        switch (address.address, family ?? address.address.family) {
        case (.v4(let host), .ipv6):
            set(IPv6Address(high: 0, low: Self.mappedPrefix << 32 | UInt64(host.rawValue)), address.port)
        case (.v6(let host), _):
            set(host, address.port)
        case (.v4(let host), .ipv4):
            length = socklen_t(MemoryLayout<sockaddr_in>.size)
            with(sockaddr_in.self) {
                $0.sin_family = sa_family_t(AF_INET)
                $0.sin_port = address.port.bigEndian
                $0.sin_addr.s_addr = host.rawValue.bigEndian
            }
        }
    }

    /// What follows 80 zero bits in the address of an IPv4 host.
    private static let mappedPrefix: UInt64 = 0xFFFF

    private mutating func set(_ host: IPv6Address, _ port: UInt16) {
        length = socklen_t(MemoryLayout<sockaddr_in6>.size)
        with(sockaddr_in6.self) {
            $0.sin6_family = sa_family_t(AF_INET6)
            $0.sin6_port = port.bigEndian
            withUnsafeMutableBytes(of: &$0.sin6_addr) { bytes in
                bytes.storeBytes(of: host.high.bigEndian, as: UInt64.self)
                bytes.storeBytes(of: host.low.bigEndian, toByteOffset: 8, as: UInt64.self)
            }
        }
    }

    /// The address that the kernel has told; nil where it is of another family.
    var socketAddress: SocketAddress? {
        var copy = self
        switch Int32(storage.ss_family) {
        case AF_INET:
            return copy.with(sockaddr_in.self) {
                let host = IPv4Address(rawValue: UInt32(bigEndian: $0.sin_addr.s_addr))
                return SocketAddress(.v4(host), port: UInt16(bigEndian: $0.sin_port))
            }
        case AF_INET6:
            return copy.with(sockaddr_in6.self) {
                let (high, low) = withUnsafeBytes(of: &$0.sin6_addr) { bytes in
                    (
                        UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)),
                        UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
                    )
                }
                let isMapped = high == 0 && low >> 32 == Self.mappedPrefix
                let host: IPAddress =
                    isMapped
                    ? .v4(IPv4Address(rawValue: UInt32(truncatingIfNeeded: low)))
                    : .v6(IPv6Address(high: high, low: low))
                return SocketAddress(host, port: UInt16(bigEndian: $0.sin6_port))
            }
        default:
            return nil
        }
    }

    /// Calls `body` with the address for a system call that reads it.
    func read<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        withUnsafePointer(to: storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, length) }
        }
    }

    /// Calls `body` with the address for a system call that writes it.
    mutating func write<Result>(
        _ body: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Result
    ) -> Result {
        length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return withUnsafeMutablePointer(to: &storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, &length) }
        }
    }

    private mutating func with<Address, Result>(
        _ type: Address.Type, _ body: (inout Address) -> Result
    ) -> Result {
        withUnsafeMutablePointer(to: &storage) {
            $0.withMemoryRebound(to: type, capacity: 1) { body(&$0.pointee) }
        }
    }
}

extension AddressFamily {
    /// The kernel's number for it.
    var domain: Int32 { self == .ipv4 ? AF_INET : AF_INET6 }
}

extension FileDescriptor {
    /// A non-blocking socket for addresses of `family`, of the type `type` (SOCK_DGRAM or SOCK_STREAM).
    ///
    /// - Throws: `Errno`: EAFNOSUPPORT where the kernel does not know the family.
    static func internetSocket(_ family: AddressFamily, _ type: __socket_type) throws(Errno) -> FileDescriptor {
        let flags = Int32(type.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        return try FileDescriptor(result: socket(family.domain, flags, 0), "open a socket")
    }

    /// Gives the socket an address of this host. One of IPv6 that is bound to `::` also takes what comes by IPv4.
    ///
    /// - Throws: `Errno`: EADDRINUSE where the port is taken, EADDRNOTAVAIL where the address is not this host's.
    func bindInternet(_ address: SocketAddress, _ action: String? = nil) throws(Errno) {
        if address.address.family == .ipv6 { try set(Int32(IPPROTO_IPV6), IPV6_V6ONLY, 0 as Int32, "open a socket") }
        let result = InternetAddress(address).read { bind(rawValue, $0, $1) }
        guard result == 0 else { throw Errno.last(action ?? "listen on \(address)") }
    }

    /// The address that the socket has.
    func boundAddress() throws(Errno) -> SocketAddress {
        var address = InternetAddress()
        let result = address.write { getsockname(rawValue, $0, $1) }
        guard result == 0, let bound = address.socketAddress else { throw Errno.last("ask for a socket's address") }
        return bound
    }

    /// Sets a socket option (setsockopt(2)).
    func set<Value>(
        _ level: Int32, _ option: Int32, _ value: Value, _ action: @autoclosure () -> String
    ) throws(Errno) {
        let result = withUnsafePointer(to: value) {
            setsockopt(rawValue, level, option, $0, socklen_t(MemoryLayout<Value>.size))
        }
        guard result == 0 else { throw Errno.last(action()) }
    }
}
