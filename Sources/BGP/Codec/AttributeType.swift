/// The types of path attributes that lbd knows, by IANA's numbers.
enum AttributeType: UInt8 {
    case origin = 1
    case asPath = 2
    case nextHop = 3
    case multiExitDiscriminator = 4
    case localPreference = 5
    case atomicAggregate = 6
    case aggregator = 7
    case communities = 8
    case originatorID = 9
    case clusterList = 10
    case reach = 14
    case unreach = 15
    case extendedCommunities = 16
    case as4Path = 17
    case as4Aggregator = 18
    case ipv6ExtendedCommunities = 25
    case largeCommunities = 32

    /// The bits of an attribute's first byte.
    enum Flag {
        static let optional: UInt8 = 0x80
        static let transitive: UInt8 = 0x40
        static let extendedLength: UInt8 = 0x10
    }

    /// The bits `optional` and `transitive` as the type has them.
    var flags: UInt8 {
        switch self {
        case .origin, .asPath, .nextHop, .localPreference, .atomicAggregate: Flag.transitive
        case .multiExitDiscriminator, .originatorID, .clusterList, .reach, .unreach: Flag.optional
        case .aggregator, .communities, .extendedCommunities, .as4Path, .as4Aggregator, .ipv6ExtendedCommunities,
            .largeCommunities:
            Flag.optional | Flag.transitive
        }
    }
}
