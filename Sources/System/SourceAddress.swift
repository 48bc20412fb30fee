internal import CLinux
internal import Glibc
public import Wire

/// The addresses that this host sends from.
public enum SourceAddress {
    /// The address that this host would send from to `destination` (connect(2) on a UDP socket looks the route up; nothing
    /// is sent).
    ///
    /// - Throws: `Errno`: ENETUNREACH where no route leads there.
    public static func towards(_ destination: IPAddress) throws(Errno) -> IPAddress {
        let type = Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue)
        let family = destination.family == .ipv4 ? AF_INET : AF_INET6
        let descriptor = try FileDescriptor(result: socket(family, type, 0), "open a UDP socket")
        if family == AF_INET6 {
            var preference = preferPublic
            let size = socklen_t(MemoryLayout<Int32>.size)
            _ = setsockopt(descriptor.rawValue, Int32(IPPROTO_IPV6), IPV6_ADDR_PREFERENCES, &preference, size)
        }
        var address = socketAddress(destination)
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let isConnected = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor.rawValue, $0, length) == 0 && getsockname(descriptor.rawValue, $0, &length) == 0
            }
        }
        guard isConnected else { throw Errno.last("find the way to \(destination)") }
        return ipAddress(address, destination.family)
    }

    /// IPV6_PREFER_SRC_PUBLIC (linux/in6.h): an address that stays, not a temporary one (RFC 8981).
    private static let preferPublic: Int32 = 2
    /// RFC 863's port; any would do.
    private static let discardPort: UInt16 = 9

    private static func socketAddress(_ address: IPAddress) -> sockaddr_storage {
        var storage = sockaddr_storage()
        switch address {
        case .v4(let address):
            with(&storage, as: sockaddr_in.self) {
                $0.sin_family = sa_family_t(AF_INET)
                $0.sin_port = discardPort.bigEndian
                $0.sin_addr.s_addr = address.rawValue.bigEndian
            }
        case .v6(let address):
            with(&storage, as: sockaddr_in6.self) {
                $0.sin6_family = sa_family_t(AF_INET6)
                $0.sin6_port = discardPort.bigEndian
                withUnsafeMutableBytes(of: &$0.sin6_addr) { bytes in
                    bytes.storeBytes(of: address.high.bigEndian, as: UInt64.self)
                    bytes.storeBytes(of: address.low.bigEndian, toByteOffset: 8, as: UInt64.self)
                }
            }
        }
        return storage
    }

    private static func ipAddress(_ storage: sockaddr_storage, _ family: AddressFamily) -> IPAddress {
        var storage = storage
        switch family {
        case .ipv4:
            let bits = with(&storage, as: sockaddr_in.self) { UInt32(bigEndian: $0.sin_addr.s_addr) }
            return .v4(IPv4Address(rawValue: bits))
        case .ipv6:
            return with(&storage, as: sockaddr_in6.self) { address in
                withUnsafeBytes(of: &address.sin6_addr) { bytes in
                    let high = UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self))
                    let low = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
                    return .v6(IPv6Address(high: high, low: low))
                }
            }
        }
    }

    private static func with<Address, Result>(
        _ storage: inout sockaddr_storage, as type: Address.Type, _ body: (inout Address) -> Result
    ) -> Result {
        withUnsafeMutablePointer(to: &storage) {
            $0.withMemoryRebound(to: type, capacity: 1) { body(&$0.pointee) }
        }
    }
}
