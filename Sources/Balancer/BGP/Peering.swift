public import BGP
public import Wire

/// A session with a router that this node is to have.
public struct Peering: Hashable, Sendable {
    /// The router, as the pools' configuration has it.
    public var peer: Peer
    /// This node's BGP identifier.
    public var routerID: IPv4Address
    /// Where routes of IPv4 lead over a connection of IPv6; nil: to its end here, where the router takes that.
    public var ipv4NextHop: IPv4Address?
    /// Where routes of IPv6 lead over a connection of IPv4; nil where this node has no such address: none are told.
    public var ipv6NextHop: IPv6Address?

    /// The peering of the node `name` with `peer`. `addresses` are the node's own.
    init(_ peer: Peer, node name: String, addresses: [IPAddress]) {
        self.peer = peer
        let ipv4 = addresses.lazy.compactMap { if case .v4(let address) = $0 { address } else { nil } }.first
        let ipv6 = addresses.lazy.compactMap { if case .v6(let address) = $0 { address } else { nil } }.first
        routerID = RouterID.choose(configured: peer.routerID, nodeAddress: ipv4, nodeName: name)
        ipv4NextHop = peer.address.family == .ipv6 ? ipv4 : nil
        ipv6NextHop = peer.address.family == .ipv4 ? ipv6 : nil
    }
}

/// What the Balancer asks of BGP.
public enum Speaking: Hashable, Sendable {
    /// Have a session with each of these and with no others; those that go are told so.
    case with([Peering])
    /// Tell all peers these routes and no others. Before this, nothing is told.
    case routes([Prefix: Path])
    /// Change these routes; nil: take it back.
    case change([Prefix: Path?])
    /// Take all routes back, then end all sessions, with this text for the people there; `PeeringReport.ended` follows.
    case end(text: String)
    /// End at once, so that the peers keep the routes for the daemon that follows.
    case pause
}

/// What BGP tells the Balancer.
public enum PeeringReport: Hashable, Sendable {
    /// The session with a peer has met something.
    case session(Peering, BGP.Report)
    /// All sessions have ended, as was asked for.
    case ended
}
