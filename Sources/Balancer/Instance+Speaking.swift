import BGP
import KubeWatch
import Wire

/// What every node does with addresses of pools whose protocol is bgp: it tells the routers that they are to be reached by
/// it. All nodes that can serve an address do, and the routers spread the traffic over them (ECMP).
extension Instance {
    /// Has sessions with the peers that are for this node.
    mutating func choosePeers(in turn: inout Turn) {
        guard hasBegun || inheritedRoutes != nil, departure == nil else { return }
        let node = cluster.nodes[settings.nodeName]
        let labels = node?.labels ?? inheritedRoutes?.labels ?? [:]
        let addresses = node?.internalAddresses ?? inheritedRoutes?.nodeAddresses ?? []
        let peers = (configuration.pools?.peers ?? []).filter { $0.isFor(labels) }
        let peerings = peers.map { Peering($0, node: settings.nodeName, addresses: addresses) }
        speaker.speak(with: peerings, in: &turn)
    }

    /// Judges anew whether the routers are told of `address`.
    mutating func advertise(_ address: IPAddress, in turn: inout Turn) {
        // What is told while this node leaves, or before it takes part, is not judged.
        guard hasBegun, roster.alive[settings.nodeName] != nil, departure == nil else { return }
        let new = share(of: address)
        let old = speaker.table.set(new, for: address, at: turn.now)
        guard (old == nil) != (new == nil) else { return }
        let services = (new ?? old)?.services ?? []
        let whose = services.map { "\"\($0)\"" }.joined(separator: ", ")
        let routes = Set((new ?? old)?.routes.map(\.prefix) ?? []).sorted().map(\.description).joined(separator: ", ")
        turn.record(
            .info, new == nil ? .routeWithdrawn : .routeAnnounced,
            "\(new == nil ? "no longer announcing" : "announcing") \(address) of \(whose) by BGP as \(routes)",
            service: services.first, address: address, node: settings.nodeName)
    }

    /// What the routers are told of `address`; nil for nothing.
    private func share(of address: IPAddress) -> RouteTable.Share? {
        guard let pool = pool(advertising: address), election.includes(settings.nodeName) else { return nil }
        let holders = holders(of: address)
        guard let reach = Backends.Reach.shared(by: holders.map(\.reach)), reach.includes(settings.nodeName) else {
            return nil
        }
        return RouteTable.Share(
            services: holders.map(\.key).sorted(),
            routes: pool.advertisements.compactMap { $0.route(for: address) })
    }

    /// The pool that holds `address`, if its addresses are told to routers.
    func pool(advertising address: IPAddress) -> Pool? {
        configuration.pools?.pool(holding: address).flatMap { $0.announcementProtocol == .bgp ? $0 : nil }
    }

    /// Whether routers are told of addresses of this kind.
    func isAdvertised(_ address: IPAddress) -> Bool { pool(advertising: address) != nil }

    /// The nodes that tell routers of `address`, for all that this one knows, ascending.
    func advertisers(of address: IPAddress) -> [String] {
        guard isAdvertised(address), let peers = configuration.pools?.peers,
            let reach = Backends.Reach.shared(by: holders(of: address).map(\.reach))
        else { return [] }
        return election.names.filter { name in
            reach.includes(name) && peers.contains { $0.isFor(cluster.nodes[name]?.labels ?? [:]) }
        }.sorted()
    }
}
