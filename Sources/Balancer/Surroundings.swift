internal import NetLink
public import Wire

/// What a node's network has to do with the pools, by the daemon's own rules: for whoever looks at it beside a daemon, or
/// without one.
public struct Surroundings: Sendable {
    /// An address of a pool that no Service gets.
    public struct Barred: Hashable, Sendable {
        /// The address.
        public var address: IPAddress
        /// What it is, in words that complete "it is …".
        public var reason: String
        /// Whether somebody has made a mistake: that a pool runs to the end of a subnet is common, and does no harm.
        public var isMistake: Bool
    }

    private let links: [Link]
    private let reach: Reach
    private let obstacles: Obstacles
    private let others: [Presence]

    /// The surroundings of the node `name` with its interfaces `links`, the addresses with prefix lengths that `others` have, by
    /// their names, and the gateways that this node knows.
    public init(node name: String, links: [Link], others: [String: [Prefix]], gateways: [IPAddress]) {
        self.links = links.sorted { $0.interface.index < $1.interface.index }
        reach = Reach(links)
        var presences = others.filter { $0.key != name }.mapValues { Presence(prefixes: $0, hasNamedInterface: false) }
        self.others = presences.values.map { $0 }
        presences[name] = reach.presence
        obstacles = Obstacles(presences: presences, nodes: [:], gateways: gateways)
    }

    /// The interfaces that addresses can be answered on, ascending by index.
    public var usable: [Link] { links.filter(\.isUsable) }

    /// Those of them that are answered on for addresses of `range`, ascending by index: the ones in a network that it is part of,
    /// else those that the settings name.
    public func interfaces(for range: AddressRange) -> [Link] {
        let near = usable.filter { $0.isIn(range) }
        return near.isEmpty ? usable.filter(\.isNamed) : near
    }

    /// The interfaces in a network that `range` is part of which nothing is answered on, with the reason for each.
    public func unused(near range: AddressRange) -> [(link: Link, reason: String)] {
        links.filter { !$0.isUsable && $0.isIn(range) }.map { ($0, reason(for: $0)) }
    }

    /// Whether another node is in a network that `range` is part of.
    public func isElsewhere(_ range: AddressRange) -> Bool {
        others.contains { $0.prefixes.contains { $0.touches(range) } }
    }

    /// The addresses of `pool` that no Service gets, ascending.
    public func barred(in pool: Pool) -> [Barred] {
        obstacles.inside(pool).map { address, obstacle in
            Barred(address: address, reason: obstacle.description, isMistake: obstacle.isMistake)
        }
    }

    /// Why nothing is answered on an interface, in words that complete "it …".
    private func reason(for link: Link) -> String {
        let interface = link.interface
        if let master = interface.masterIndex {
            let name = links.first { $0.interface.index == master }?.interface.name ?? "another interface"
            return "is a part of \(name)"
        }
        if link.isExcluded { return "is excluded by `interfaces` in lbd.yaml" }
        if !interface.isUp { return "is down, or has no cable" }
        return "is no link that resolves addresses"
    }
}

extension Link {
    fileprivate func isIn(_ range: AddressRange) -> Bool {
        interface.addresses.contains { $0.touches(range) }
    }
}
