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
    /// `addresses`, in the order of the configuration; once resolved, with those that `hosts` make behind them. New addresses
    /// are given from these.
    public var ranges: [AddressRange]
    /// Those of `addresses` that follow the network, in the order of the configuration.
    public var hosts: [HostRange]
    /// What `hosts` make with other networks that the interface is in. Who has one of these addresses keeps it: its network is
    /// preferred too, or there is no better one.
    private(set) var kept: [AddressRange] = []
    /// What they make with networks that are deprecated. Who has one of these addresses moves to another.
    private(set) var leaving: [AddressRange] = []
    /// `auto-assign`: whether a Service that does not ask for this pool may get an address of it.
    public var isAutoAssigned: Bool
    /// `avoid-buggy-ips`: leave out IPv4 addresses that end in .0 or .255.
    public var avoidsBuggyIPs: Bool
    /// `bgp-advertisements`; one with the defaults where a bgp pool has none, empty for layer2.
    public var advertisements: [Advertisement]

    /// A pool with these settings.
    public init(
        name: String, announcementProtocol: AnnouncementProtocol = .layer2, ranges: [AddressRange],
        hosts: [HostRange] = [], isAutoAssigned: Bool = true, avoidsBuggyIPs: Bool = false,
        advertisements: [Advertisement] = []
    ) {
        self.name = name
        self.announcementProtocol = announcementProtocol
        self.ranges = ranges
        self.hosts = hosts
        self.isAutoAssigned = isAutoAssigned
        self.avoidsBuggyIPs = avoidsBuggyIPs
        self.advertisements = advertisements
    }

    /// Whether a Service may have `address`, for now at least: it lies in one of the ranges and is not left out as buggy.
    public func contains(_ address: IPAddress) -> Bool {
        gives(address) || kept.contains { $0.contains(address) } || isLeaving(address)
    }

    /// Whether `address` is one of those that are given.
    func gives(_ address: IPAddress) -> Bool {
        ranges.contains { $0.contains(address) } && !(avoidsBuggyIPs && Self.isBuggy(address))
    }

    /// Whether the network of `address` is deprecated, and its Service to move.
    func isLeaving(_ address: IPAddress) -> Bool { leaving.contains { $0.contains(address) } }

    /// All ranges that Services have addresses of.
    var allRanges: [AddressRange] { ranges + kept + leaving }

    /// The pool as the networks of this node have it. What would overlap `others`, the ranges that were written down, makes
    /// nothing.
    func resolved(by prefixes: [GlobalPrefix], besides others: [AddressRange]) -> Pool {
        var pool = self
        for index in hosts.indices {
            let host = hosts[index]
            let usable = GlobalPrefix.merged(prefixes.filter { host.follows($0.interface) }).filter { prefix in
                host.range(in: prefix.network).map { range in !others.contains { $0.overlaps(range) } } ?? false
            }
            let preferred = usable.filter { !$0.state.isDeprecated }
            // The newest: a router that forgot a network at its last restart does not say that it is gone.
            let current = preferred.max { ($0.state.createdAt, $1.network) < ($1.state.createdAt, $0.network) }
            pool.hosts[index].network = current?.network
            for prefix in usable {
                guard let range = host.range(in: prefix.network) else { continue }
                if prefix == current {
                    pool.ranges.append(range)
                } else if prefix.state.isDeprecated, current != nil {
                    pool.leaving.append(range)
                } else {
                    pool.kept.append(range)
                }
            }
        }
        return pool
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
