public import Wire

/// What a `Session` goes by. What concerns the connection alone (port, source address, TCP-MD5, TTL) is its shell's.
public struct Settings: Hashable, Sendable {
    /// For how long the peer is asked to keep this node's routes while its daemon restarts.
    public struct Restart: Hashable, Sendable {
        /// The time of RFC 4724, 1 to 4095 s.
        public var restartTimeSeconds: UInt16
        /// The time of RFC 9494 that follows it; nil to ask for none.
        public var longLivedStaleTimeSeconds: UInt32?

        /// These times.
        public init(restartTimeSeconds: UInt16 = 120, longLivedStaleTimeSeconds: UInt32? = nil) {
            self.restartTimeSeconds = restartTimeSeconds
            self.longLivedStaleTimeSeconds = longLivedStaleTimeSeconds
        }
    }

    /// The AS of this node; never 0.
    public var localASN: UInt32
    /// The AS of the peer; never 0. The same for iBGP.
    public var peerASN: UInt32
    /// This node's BGP identifier; never 0. See `RouterID`.
    public var routerID: IPv4Address
    /// The hold time that is offered: 0 for none, else at least 3. The smaller of both sides' holds.
    public var holdTimeSeconds: UInt16
    /// The families whose routes are offered.
    public var families: [AddressFamily]
    /// Where IPv4 routes lead; nil: to this node's end of the connection, if that is of IPv4. Without either they lead to the
    /// IPv6 one where the peer takes that (RFC 8950), and are else not announced.
    public var ipv4NextHop: IPv4Address?
    /// Where IPv6 routes lead; nil: to this node's end of the connection, if that is of IPv6. Without either they are not
    /// announced.
    public var ipv6NextHop: IPv6Address?
    /// Whether to wait for the peer to connect, and never to do so.
    public var isPassive: Bool
    /// What the peer is asked to do while the daemon restarts; nil: nothing, its routes go with it.
    public var restart: Restart?
    /// Whether this daemon follows one that has announced: a peer that has kept its routes is told (RFC 4724's R bit) until
    /// all have been sent anew.
    public var isRestart: Bool
    /// The figures.
    public var timing: Timing

    /// Settings with these values, and the usual ones for the rest.
    public init(
        localASN: UInt32, peerASN: UInt32, routerID: IPv4Address, holdTimeSeconds: UInt16 = 90,
        families: [AddressFamily] = [.ipv4, .ipv6], ipv4NextHop: IPv4Address? = nil, ipv6NextHop: IPv6Address? = nil,
        isPassive: Bool = false, restart: Restart? = Restart(), isRestart: Bool = false, timing: Timing = Timing()
    ) {
        self.localASN = localASN
        self.peerASN = peerASN
        self.routerID = routerID
        self.holdTimeSeconds = holdTimeSeconds
        self.families = families
        self.ipv4NextHop = ipv4NextHop
        self.ipv6NextHop = ipv6NextHop
        self.isPassive = isPassive
        self.restart = restart
        self.isRestart = isRestart
        self.timing = timing
    }

    /// Whether the peer is of the own AS (iBGP).
    public var isInternal: Bool { localASN == peerASN }

    /// The OPEN of a session with these settings.
    func open(isRestarting: Bool) -> Open {
        let routes = families.map { RouteFamily(unicast: $0) }
        var capabilities = routes.map { Capability.multiprotocol($0) }
        capabilities += [.routeRefresh, .extendedMessage]
        if families.contains(.ipv4) { capabilities.append(.extendedNextHop([.ipv4OverIPv6])) }
        if let restart {
            // What the kernel forwards does not depend on the daemon: it was preserved, always.
            capabilities.append(
                .gracefulRestart(
                    GracefulRestart(
                        isRestarting: isRestarting, restartTimeSeconds: restart.restartTimeSeconds,
                        families: routes.map { .init($0, isForwardingPreserved: true) })))
            if let seconds = restart.longLivedStaleTimeSeconds {
                let kept = routes.map {
                    LongLivedFamily($0, isForwardingPreserved: true, staleTimeSeconds: seconds)
                }
                capabilities.append(.longLivedGracefulRestart(kept))
            }
        }
        return Open(
            asn: localASN, holdTimeSeconds: holdTimeSeconds, routerID: routerID, capabilities: capabilities)
    }
}
