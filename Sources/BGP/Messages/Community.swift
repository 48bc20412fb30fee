/// A standard community (RFC 1997), written `high:low`: a mark on a route that its receivers go by.
public struct Community: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The 32 bits as they go on the wire.
    public let rawValue: UInt32

    /// The community with these 32 bits.
    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// The community `high:low`.
    public init(high: UInt16, low: UInt16) {
        rawValue = UInt32(high) << 16 | UInt32(low)
    }

    /// Traffic is about to go elsewhere: prefer any other route (RFC 8326).
    public static let gracefulShutdown = Community(high: 65_535, low: 0)
    /// The route was kept although its speaker is away (RFC 9494).
    public static let longLivedGracefulRestartStale = Community(high: 65_535, low: 6)
    /// The route is not to be kept when its speaker goes away (RFC 9494).
    public static let noLongLivedGracefulRestart = Community(high: 65_535, low: 7)
    /// Drop what goes there (RFC 7999).
    public static let blackhole = Community(high: 65_535, low: 666)
    /// Not beyond the AS or its confederation (RFC 1997).
    public static let noExport = Community(high: 65_535, low: 65_281)
    /// Not beyond the receiver (RFC 1997).
    public static let noAdvertise = Community(high: 65_535, low: 65_282)
    /// Not beyond the AS, not even inside its confederation (RFC 1997).
    public static let noExportSubconfed = Community(high: 65_535, low: 65_283)
    /// Not to peers, as networks of the internet are to each other (RFC 3765).
    public static let noPeer = Community(high: 65_535, low: 65_284)

    /// The communities that IANA has given a name, by it.
    public static let wellKnown: [String: Community] = [
        "graceful-shutdown": .gracefulShutdown, "llgr-stale": .longLivedGracefulRestartStale,
        "no-llgr": .noLongLivedGracefulRestart, "blackhole": .blackhole, "no-export": .noExport,
        "no-advertise": .noAdvertise, "no-export-subconfed": .noExportSubconfed, "no-peer": .noPeer,
    ]

    /// Whether `left` comes before `right`.
    public static func < (left: Community, right: Community) -> Bool {
        left.rawValue < right.rawValue
    }

    /// `high:low`.
    public var description: String { "\(rawValue >> 16):\(rawValue & 0xFFFF)" }
}

/// A large community (RFC 8092): three numbers of 32 bits, the first the AS that gives the others their meaning.
public struct LargeCommunity: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The AS that the others belong to.
    public let globalAdministrator: UInt32
    /// The first of its numbers.
    public let first: UInt32
    /// The second of its numbers.
    public let second: UInt32

    /// The community `globalAdministrator:first:second`.
    public init(_ globalAdministrator: UInt32, _ first: UInt32, _ second: UInt32) {
        self.globalAdministrator = globalAdministrator
        self.first = first
        self.second = second
    }

    /// Whether `left` comes before `right`.
    public static func < (left: LargeCommunity, right: LargeCommunity) -> Bool {
        (left.globalAdministrator, left.first, left.second) < (right.globalAdministrator, right.first, right.second)
    }

    /// The canonical form of RFC 8092 section 5: three decimal numbers joined by colons.
    public var description: String { "\(globalAdministrator):\(first):\(second)" }
}
