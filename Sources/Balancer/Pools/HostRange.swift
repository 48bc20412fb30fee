public import Wire

/// An entry of a pool's `addresses` that follows the network: host parts, the lower 64 bits of IPv6 addresses, which make
/// addresses with the global prefix that an interface has at the time.
public struct HostRange: Hashable, Sendable, CustomStringConvertible {
    /// The lowest host part.
    public let first: UInt64
    /// The highest host part.
    public let last: UInt64
    /// The interface's name, or with a `*` behind it how the name begins.
    public let interface: String
    /// The network that new addresses are in; nil while there is none, and in what was read.
    var network: Prefix?

    /// The host parts of `range` on `interface`; nil where they are none of IPv6, or bits of the network are set.
    public init?(_ range: AddressRange, of interface: String) {
        guard case .v6(let first) = range.first, case .v6(let last) = range.last, last.high == 0 else { return nil }
        self.first = first.low
        self.last = last.low
        self.interface = interface
    }

    /// The number of addresses in one network.
    public var count: UInt128 { UInt128(last - first) + 1 }

    /// Whether it follows the interface `name`.
    func follows(_ name: String) -> Bool {
        interface.hasSuffix("*") ? name.hasPrefix(interface.dropLast()) : name == interface
    }

    /// Whether the host part of `address` is one of these, whatever its network.
    func contains(_ address: IPAddress) -> Bool {
        guard case .v6(let address) = address else { return false }
        return first <= address.low && address.low <= last
    }

    /// The addresses in `network`, of 64 bits.
    func range(in network: Prefix) -> AddressRange? {
        AddressRange(Self.address(first, in: network), Self.address(last, in: network))
    }

    /// The address with the host part of `address` in the network that new ones are in.
    func successor(of address: IPAddress) -> IPAddress? {
        guard contains(address) else { return nil }
        return network.map { Self.address(UInt64(truncatingIfNeeded: address.rawValue), in: $0) }
    }

    private static func address(_ host: UInt64, in network: Prefix) -> IPAddress {
        IPAddress(.ipv6, rawValue: network.range.first.rawValue | UInt128(host))
    }

    /// `FIRST-LAST of INTERFACE`.
    public var description: String {
        "\(IPv6Address(high: 0, low: first))-\(IPv6Address(high: 0, low: last)) of \(interface)"
    }
}
