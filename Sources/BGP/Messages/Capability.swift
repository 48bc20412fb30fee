/// What a speaker can do beyond RFC 4271 (RFC 5492): something is used where both sides of a session have said it.
public enum Capability: Hashable, Sendable {
    /// Routes of a family (RFC 4760).
    case multiprotocol(RouteFamily)
    /// Its peer may ask for all routes again (RFC 2918).
    case routeRefresh
    /// Routes of a family with next hops of another (RFC 8950).
    case extendedNextHop([ExtendedNextHop])
    /// It takes messages of up to 65,535 bytes (RFC 8654).
    case extendedMessage
    /// It restarts without losing traffic (RFC 4724).
    case gracefulRestart(GracefulRestart)
    /// It has AS numbers of four octets, and its own is this (RFC 6793).
    case fourOctetASN(UInt32)
    /// Its routes may be kept for long (RFC 9494).
    case longLivedGracefulRestart([LongLivedFamily])
    /// Another, or one of these in a form that is not known: kept, and without effect.
    case unknown(code: UInt8, value: [UInt8])
}

extension Capability: CustomStringConvertible {
    /// What it is called.
    public var description: String {
        switch self {
        case .multiprotocol(let family): "\(family)"
        case .routeRefresh: "route refresh"
        case .extendedNextHop: "extended next hops"
        case .extendedMessage: "extended messages"
        case .gracefulRestart: "graceful restart"
        case .fourOctetASN: "4-octet AS numbers"
        case .longLivedGracefulRestart: "long-lived graceful restart"
        case .unknown(let code, _): "capability \(code)"
        }
    }
}

/// Routes of one family whose next hops are addresses of another (RFC 8950 section 4).
public struct ExtendedNextHop: Hashable, Sendable {
    /// The routes.
    public var family: RouteFamily
    /// The AFI of the next hops.
    public var nextHopAFI: UInt16

    /// Routes of `family` with next hops of the AFI `nextHopAFI`.
    public init(_ family: RouteFamily, nextHopAFI: UInt16) {
        self.family = family
        self.nextHopAFI = nextHopAFI
    }

    /// IPv4 routes that lead to an IPv6 address.
    public static let ipv4OverIPv6 = ExtendedNextHop(.ipv4Unicast, nextHopAFI: 2)
}
