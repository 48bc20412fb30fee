/// The two families of IP addresses, in Kubernetes' words.
public enum AddressFamily: String, Hashable, Sendable, Codable {
    /// RFC 791.
    case ipv4 = "IPv4"
    /// RFC 8200.
    case ipv6 = "IPv6"

    /// The number of bits in an address of the family: 32 or 128.
    public var bitWidth: Int { self == .ipv4 ? 32 : 128 }
}

/// An address of either family. All IPv4 addresses order before all IPv6 ones.
public enum IPAddress: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// An IPv4 address.
    case v4(IPv4Address)
    /// An IPv6 address.
    case v6(IPv6Address)

    /// Parses either family's text form; nil for anything else.
    public init?(_ text: some StringProtocol) {
        if let address = IPv4Address(text) {
            self = .v4(address)
        } else if let address = IPv6Address(text) {
            self = .v6(address)
        } else {
            return nil
        }
    }

    /// The address of `family` with these low bits; bits beyond the family's width are dropped.
    public init(_ family: AddressFamily, rawValue: UInt128) {
        switch family {
        case .ipv4: self = .v4(IPv4Address(rawValue: UInt32(truncatingIfNeeded: rawValue)))
        case .ipv6: self = .v6(IPv6Address(rawValue: rawValue))
        }
    }

    /// The family that the address belongs to.
    public var family: AddressFamily {
        switch self {
        case .v4: .ipv4
        case .v6: .ipv6
        }
    }

    /// The bits of the address as a number.
    public var rawValue: UInt128 {
        switch self {
        case .v4(let address): UInt128(address.rawValue)
        case .v6(let address): address.rawValue
        }
    }

    /// Whether it is a group's: in 224.0.0.0/4 (RFC 5771) or ff00::/8 (RFC 4291 section 2.7).
    public var isMulticast: Bool {
        switch self {
        case .v4(let address): address.rawValue >> 28 == 0xE
        case .v6(let address): address.isMulticast
        }
    }

    /// Whether `left` comes before `right`.
    public static func < (left: IPAddress, right: IPAddress) -> Bool {
        switch (left, right) {
        case (.v4(let left), .v4(let right)): left < right
        case (.v6(let left), .v6(let right)): left < right
        case (.v4, .v6): true
        case (.v6, .v4): false
        }
    }

    /// The family's canonical text form.
    public var description: String {
        switch self {
        case .v4(let address): address.description
        case .v6(let address): address.description
        }
    }
}
