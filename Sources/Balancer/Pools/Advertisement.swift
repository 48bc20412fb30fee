public import BGP

/// One of a bgp pool's `bgp-advertisements`.
public struct Advertisement: Hashable, Sendable {
    /// `aggregation-length`: the prefix length that IPv4 addresses are announced with.
    public var aggregationLength: Int
    /// `aggregation-length-v6`: the prefix length that IPv6 addresses are announced with.
    public var aggregationLengthIPv6: Int
    /// `localpref`: LOCAL_PREF towards iBGP peers (RFC 4271 section 5.1.5).
    public var localPreference: UInt32
    /// `communities`: those attached, aliases resolved, ascending.
    public var communities: [Community]
    /// The large ones of `communities`, ascending.
    public var largeCommunities: [LargeCommunity]

    /// An advertisement with these settings.
    public init(
        aggregationLength: Int = 32, aggregationLengthIPv6: Int = 128, localPreference: UInt32 = 0,
        communities: [Community] = [], largeCommunities: [LargeCommunity] = []
    ) {
        self.aggregationLength = aggregationLength
        self.aggregationLengthIPv6 = aggregationLengthIPv6
        self.localPreference = localPreference
        self.communities = communities
        self.largeCommunities = largeCommunities
    }
}
