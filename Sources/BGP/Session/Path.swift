/// What is said of a route when it is announced. The rest is the session's: ORIGIN, AS_PATH, NEXT_HOP.
public struct Path: Hashable, Sendable {
    /// How many communities of each kind go with a route at most, so that an UPDATE has room for it.
    public static let maximumCommunities = 128

    /// LOCAL_PREF: the higher the better; told to iBGP peers alone.
    public let localPreference: UInt32
    /// Standard communities, ascending.
    public let communities: [Community]
    /// Large communities, ascending.
    public let largeCommunities: [LargeCommunity]

    /// A path with these attributes. Of more than `maximumCommunities` the highest are left out; the configuration's reader
    /// refuses so many.
    public init(
        localPreference: UInt32 = 0, communities: some Sequence<Community> = [],
        largeCommunities: some Sequence<LargeCommunity> = []
    ) {
        self.localPreference = localPreference
        self.communities = Array(Set(communities).sorted().prefix(Self.maximumCommunities))
        self.largeCommunities = Array(Set(largeCommunities).sorted().prefix(Self.maximumCommunities))
    }

    /// The same while the node drains: any other path is to be preferred (RFC 8326 section 4).
    public var draining: Path {
        Path(
            localPreference: 0, communities: [.gracefulShutdown] + communities.prefix(Self.maximumCommunities - 1),
            largeCommunities: largeCommunities)
    }
}
