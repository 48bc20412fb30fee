public import Wire

/// The first message of each side (RFC 4271 section 4.2): who it is and what it can do.
public struct Open: Hashable, Sendable {
    /// What stands for an AS number that has no room in two octets (RFC 6793 section 9).
    public static let transitionASN: UInt16 = 23_456

    /// The AS number in two octets: `transitionASN` where it has no room there.
    public var shortASN: UInt16
    /// After how much silence the sender wants to be given up: 0 for never, else at least 3.
    public var holdTimeSeconds: UInt16
    /// The sender's BGP identifier.
    public var routerID: IPv4Address
    /// What it can do.
    public var capabilities: [Capability]

    /// The message of a speaker of the AS `asn`, which is added to the capabilities.
    public init(asn: UInt32, holdTimeSeconds: UInt16, routerID: IPv4Address, capabilities: [Capability]) {
        shortASN = UInt16(exactly: asn) ?? Self.transitionASN
        self.holdTimeSeconds = holdTimeSeconds
        self.routerID = routerID
        self.capabilities = capabilities + [.fourOctetASN(asn)]
    }

    init(shortASN: UInt16, holdTimeSeconds: UInt16, routerID: IPv4Address, capabilities: [Capability]) {
        self.shortASN = shortASN
        self.holdTimeSeconds = holdTimeSeconds
        self.routerID = routerID
        self.capabilities = capabilities
    }

    /// The sender's AS number: that of four octets where it has told one.
    public var asn: UInt32 { fourOctetASN ?? UInt32(shortASN) }

    /// The AS number of the capability, where there is one.
    var fourOctetASN: UInt32? {
        for case .fourOctetASN(let asn) in capabilities { return asn }
        return nil
    }

    /// The families whose routes the sender takes: IPv4 where it says nothing of families (RFC 4760 section 8).
    var families: [RouteFamily] {
        let told = capabilities.compactMap { if case .multiprotocol(let family) = $0 { family } else { nil } }
        return told.isEmpty ? [.ipv4Unicast] : told
    }

    /// What it says about restarts; the last one counts (RFC 4724 section 3).
    var gracefulRestart: GracefulRestart? {
        for case .gracefulRestart(let capability) in capabilities.reversed() { return capability }
        return nil
    }

    /// Whether IPv4 routes may lead to an IPv6 address.
    var takesIPv4OverIPv6: Bool {
        capabilities.contains { capability in
            if case .extendedNextHop(let kinds) = capability { kinds.contains(.ipv4OverIPv6) } else { false }
        }
    }
}
