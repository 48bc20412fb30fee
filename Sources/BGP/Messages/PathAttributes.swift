public import Wire

/// What an UPDATE says of all its routes (RFC 4271 section 5). Attributes that lbd neither sends nor looks into are checked
/// when they come and not kept.
public struct PathAttributes: Hashable, Sendable {
    /// Where a route was born.
    public enum Origin: UInt8, Hashable, Sendable {
        /// Inside the AS (IGP): all of lbd's.
        case igp = 0
        /// By the protocol before BGP (EGP).
        case egp = 1
        /// Otherwise (INCOMPLETE).
        case incomplete = 2
    }

    /// ORIGIN.
    public var origin: Origin?
    /// AS_PATH.
    public var asPath: ASPath?
    /// NEXT_HOP: where the routes of the message's own field lead, which are of IPv4.
    public var nextHop: IPv4Address?
    /// MULTI_EXIT_DISC.
    public var multiExitDiscriminator: UInt32?
    /// LOCAL_PREF: the higher the better; inside an AS alone.
    public var localPreference: UInt32?
    /// COMMUNITIES (RFC 1997).
    public var communities: [Community]
    /// LARGE_COMMUNITY (RFC 8092).
    public var largeCommunities: [LargeCommunity]

    /// These attributes, and no others.
    public init(
        origin: Origin? = nil, asPath: ASPath? = nil, nextHop: IPv4Address? = nil,
        multiExitDiscriminator: UInt32? = nil, localPreference: UInt32? = nil, communities: [Community] = [],
        largeCommunities: [LargeCommunity] = []
    ) {
        self.origin = origin
        self.asPath = asPath
        self.nextHop = nextHop
        self.multiExitDiscriminator = multiExitDiscriminator
        self.localPreference = localPreference
        self.communities = communities
        self.largeCommunities = largeCommunities
    }
}
