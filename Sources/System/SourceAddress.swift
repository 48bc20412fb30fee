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
        let descriptor = try FileDescriptor.internetSocket(destination.family, SOCK_DGRAM)
        if destination.family == .ipv6 {
            // Where the kernel cannot prefer one, any will do.
            try? descriptor.set(Int32(IPPROTO_IPV6), IPV6_ADDR_PREFERENCES, preferPublic, "prefer a public address")
        }
        let address = InternetAddress(SocketAddress(destination, port: discardPort))
        guard address.read({ connect(descriptor.rawValue, $0, $1) }) == 0 else {
            throw Errno.last("find the way to \(destination)")
        }
        return try descriptor.boundAddress().address
    }

    /// The address that this host sends from by its default route of `family`.
    ///
    /// - Throws: `Errno`: ENETUNREACH where it has none.
    public static func byDefaultRoute(_ family: AddressFamily) throws(Errno) -> IPAddress {
        try towards(family == .ipv4 ? .v4(nowhere4) : .v6(nowhere6))
    }

    /// Addresses that no network has: 240.0.0.1 of RFC 1112's class E, 2001:db8::1 of RFC 3849.
    private static let nowhere4 = IPv4Address(rawValue: 0xF000_0001)
    private static let nowhere6 = IPv6Address(high: 0x2001_0DB8_0000_0000, low: 1)

    /// IPV6_PREFER_SRC_PUBLIC (linux/in6.h): an address that stays, not a temporary one (RFC 8981).
    private static let preferPublic: Int32 = 2
    /// RFC 863's port; any would do.
    private static let discardPort: UInt16 = 9
}
