public import Wire

/// What both sides of a session have agreed on, and what the peer has said of itself.
public struct Negotiation: Hashable, Sendable {
    /// The peer's BGP identifier.
    public let routerID: IPv4Address
    /// What the peer can do.
    public let capabilities: [Capability]
    /// The families whose routes are told, ascending.
    public let families: [RouteFamily]
    /// After how much silence the session ends; 0 for never.
    public let holdTimeSeconds: UInt16
    /// Whether AS numbers have four octets in attributes.
    public let hasFourOctetASNs: Bool
    /// Whether the peer takes messages of up to 65,535 bytes.
    public let takesExtendedMessages: Bool
    /// Whether the peer takes IPv4 routes that lead to an IPv6 address.
    public let takesIPv4OverIPv6: Bool
    /// What the peer has said of its restarts; nil where it knows nothing of them.
    public let peerRestart: GracefulRestart?
    /// Whether the peer keeps this node's routes while its daemon restarts.
    public let keepsRoutes: Bool

    /// Judges what the peer has said (RFC 4271 section 6.2).
    init(_ open: Open, _ settings: Settings) throws(BGPError) {
        guard open.asn == settings.peerASN else { throw .badPeerASN(open.asn, expected: settings.peerASN) }
        let isOwn = settings.isInternal && open.routerID == settings.routerID
        guard open.routerID.rawValue != 0, !isOwn else { throw .badRouterID(open.routerID) }
        guard open.holdTimeSeconds == 0 || open.holdTimeSeconds >= 3 else {
            throw .unacceptableHoldTime(open.holdTimeSeconds)
        }
        let offered = Set(settings.families.map { RouteFamily(unicast: $0) })
        routerID = open.routerID
        capabilities = open.capabilities
        families = Array(Set(open.families).intersection(offered)).sorted()
        holdTimeSeconds = min(open.holdTimeSeconds, settings.holdTimeSeconds)
        hasFourOctetASNs = open.fourOctetASN != nil
        takesExtendedMessages = open.capabilities.contains(.extendedMessage)
        takesIPv4OverIPv6 = open.takesIPv4OverIPv6
        peerRestart = open.gracefulRestart
        keepsRoutes = settings.restart != nil && open.gracefulRestart != nil
    }

    /// How messages are written from now on.
    func codec(isInternal: Bool) -> Codec {
        Codec(
            hasFourOctetASNs: hasFourOctetASNs, sendsExtendedMessages: takesExtendedMessages, isInternal: isInternal)
    }

    /// The hold time; nil for none.
    var holdTime: Duration? { holdTimeSeconds > 0 ? .seconds(Int(holdTimeSeconds)) : nil }
}
