public import BGP
public import Wire

/// What `pools.yaml` or the ConfigMap says: MetalLB's configuration of the ConfigMap era (v0.9.3), validated. Ranges do
/// not overlap, names are unique, numbers are within their bounds: its reader has seen to that.
public struct Pools: Hashable, Sendable {
    /// `address-pools`, in the order of the configuration.
    public var pools: [Pool]
    /// `peers`, in the order of the configuration.
    public var peers: [Peer]
    /// `bgp-communities`: names for communities.
    public var communities: [String: Community]

    /// A configuration with these parts.
    public init(pools: [Pool] = [], peers: [Peer] = [], communities: [String: Community] = [:]) {
        self.pools = pools
        self.peers = peers
        self.communities = communities
    }

    /// The pool that holds `address`.
    public func pool(holding address: IPAddress) -> Pool? {
        pools.first { $0.contains(address) }
    }

    /// The pool that gives the host part of `address`, in whatever network.
    func pool(hosting address: IPAddress) -> Pool? {
        pools.first { pool in pool.hosts.contains { $0.contains(address) } }
    }

    /// Whether `address` is a pool's, in a network that is or was there.
    func isOurs(_ address: IPAddress) -> Bool { pool(holding: address) != nil || pool(hosting: address) != nil }

    /// The entry that gives the host part of `address`, where the network of `address` is not, or not any more, one of those
    /// that Services may have addresses in.
    func formerHosts(of address: IPAddress) -> HostRange? {
        if let pool = pool(holding: address), !pool.isLeaving(address) { return nil }
        return pools.lazy.flatMap(\.hosts).first { $0.contains(address) }
    }

    /// The address that `address` is to move to, with the same host part.
    func successor(of address: IPAddress) -> IPAddress? {
        pools.lazy.flatMap(\.hosts).compactMap { $0.successor(of: address) }.first
    }

    /// The pools as the networks of this node have them.
    func resolved(by prefixes: [GlobalPrefix]) -> Pools {
        guard pools.contains(where: { !$0.hosts.isEmpty }) else { return self }
        var resolved = self
        let written = pools.flatMap(\.ranges)
        resolved.pools = pools.map { $0.resolved(by: prefixes, besides: written) }
        return resolved
    }
}
