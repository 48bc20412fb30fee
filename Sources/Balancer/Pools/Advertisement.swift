/// One of a bgp pool's `bgp-advertisements`.
public struct Advertisement: Hashable, Sendable {
    /// `aggregation-length`: the prefix length that IPv4 addresses are announced with.
    public var aggregationLength: Int
    /// `localpref`: LOCAL_PREF towards iBGP peers (RFC 4271 section 5.1.5).
    public var localPreference: UInt32
    /// `communities`: those attached, aliases resolved, ascending.
    public var communities: [Community]

    /// An advertisement with these settings.
    public init(aggregationLength: Int = 32, localPreference: UInt32 = 0, communities: [Community] = []) {
        self.aggregationLength = aggregationLength
        self.localPreference = localPreference
        self.communities = communities
    }
}

/// A standard BGP community (RFC 1997): two 16-bit numbers, written `high:low`.
public struct Community: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The 32 bits as they go on the wire.
    public let rawValue: UInt32

    /// The community `high:low`.
    public init(high: UInt16, low: UInt16) {
        rawValue = UInt32(high) << 16 | UInt32(low)
    }

    /// Whether `left` comes before `right`.
    public static func < (left: Community, right: Community) -> Bool {
        left.rawValue < right.rawValue
    }

    /// `high:low`.
    public var description: String { "\(rawValue >> 16):\(rawValue & 0xFFFF)" }
}
