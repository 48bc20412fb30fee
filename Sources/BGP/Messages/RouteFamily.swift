public import Wire

/// A kind of routes (RFC 4760): an address family (AFI) and what the routes are for (SAFI), by IANA's numbers.
public struct RouteFamily: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The address family identifier: 1 for IPv4, 2 for IPv6.
    public var afi: UInt16
    /// The subsequent address family identifier: 1 for unicast.
    public var safi: UInt8

    /// The family with these numbers.
    public init(afi: UInt16, safi: UInt8) {
        self.afi = afi
        self.safi = safi
    }

    /// The unicast routes of `family`.
    public init(unicast family: AddressFamily) {
        self.init(afi: family == .ipv4 ? 1 : 2, safi: 1)
    }

    /// Unicast routes of IPv4.
    public static let ipv4Unicast = RouteFamily(unicast: .ipv4)
    /// Unicast routes of IPv6.
    public static let ipv6Unicast = RouteFamily(unicast: .ipv6)

    /// Whose unicast routes these are; nil for routes of another kind.
    public var unicast: AddressFamily? {
        switch self {
        case .ipv4Unicast: .ipv4
        case .ipv6Unicast: .ipv6
        default: nil
        }
    }

    /// Whether `left` comes before `right`.
    public static func < (left: RouteFamily, right: RouteFamily) -> Bool {
        (left.afi, left.safi) < (right.afi, right.safi)
    }

    /// `IPv4 unicast`, `IPv6 unicast`, or the two numbers of any other.
    public var description: String {
        unicast.map { "\($0.rawValue) unicast" } ?? "AFI \(afi) SAFI \(safi)"
    }
}
