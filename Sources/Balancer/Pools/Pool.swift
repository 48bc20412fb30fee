public import Wire

/// One of `address-pools`: addresses for Services, and how they are announced.
public struct Pool: Hashable, Sendable {
    /// How the addresses of a pool are announced.
    public enum AnnouncementProtocol: String, Hashable, Sendable {
        case layer2
        case bgp
    }

    /// `name`.
    public var name: String
    /// `protocol`.
    public var announcementProtocol: AnnouncementProtocol
    /// `addresses`, in the order of the configuration.
    public var ranges: [AddressRange]
    /// `auto-assign`: whether a Service that does not ask for this pool may get an address of it.
    public var isAutoAssigned: Bool
    /// `avoid-buggy-ips`: leave out IPv4 addresses that end in .0 or .255.
    public var avoidsBuggyIPs: Bool
    /// `bgp-advertisements`; one with the defaults where a bgp pool has none, empty for layer2.
    public var advertisements: [Advertisement]

    /// A pool with these settings.
    public init(
        name: String, announcementProtocol: AnnouncementProtocol = .layer2, ranges: [AddressRange],
        isAutoAssigned: Bool = true, avoidsBuggyIPs: Bool = false, advertisements: [Advertisement] = []
    ) {
        self.name = name
        self.announcementProtocol = announcementProtocol
        self.ranges = ranges
        self.isAutoAssigned = isAutoAssigned
        self.avoidsBuggyIPs = avoidsBuggyIPs
        self.advertisements = advertisements
    }

    /// Whether `address` lies in one of the ranges and is not left out as buggy.
    public func contains(_ address: IPAddress) -> Bool {
        ranges.contains { $0.contains(address) } && !(avoidsBuggyIPs && Self.isBuggy(address))
    }

    /// Whether its addresses are looked for on the network before they are given: no host of it has one that routers are told
    /// of.
    var isProbed: Bool { announcementProtocol == .layer2 }

    /// Whether some consumer devices drop packets to `address`, taking it for a class C network's or broadcast address.
    static func isBuggy(_ address: IPAddress) -> Bool {
        guard case .v4(let address) = address else { return false }
        let lastOctet = address.rawValue & 255
        return lastOctet == 0 || lastOctet == 255
    }
}
