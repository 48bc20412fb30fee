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
}
