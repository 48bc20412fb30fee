import BGP
import KubeWatch
import Wire

/// The routes that this node tells its peers. Addresses that are told as one prefix share a route: it goes when the last of
/// them does. Changes cost the same however many there are.
struct RouteTable {
    /// What one address has told.
    struct Share: Hashable {
        /// The Services that have the address, ascending.
        var services: [ObjectKey]
        /// By one advertisement each.
        var routes: [Route]
    }

    /// A prefix and what is said of it.
    struct Route: Hashable {
        var prefix: Prefix
        var path: Path
    }

    private(set) var shares: [IPAddress: Share] = [:]
    /// Since when each address has been told.
    private(set) var since: [IPAddress: Instant] = [:]
    private var tally = ServiceTally()
    /// The number of Services that are told of.
    var serviceCount: Int { tally.count }
    private(set) var routes: [Prefix: Path] = [:]
    /// By how many addresses each path of a prefix is asked for.
    private var counts: [Prefix: [Path: Int]] = [:]
    /// What `routes` were when their changes were taken last, where they have been touched since.
    private var before: [Prefix: Path?] = [:]

    /// Makes `share` what is told of `address`, nil for nothing. Returns what it was.
    @discardableResult
    mutating func set(_ share: Share?, for address: IPAddress, at now: Instant) -> Share? {
        let old = shares[address]
        guard old != share else { return old }
        shares[address] = share
        since[address] = share == nil ? nil : since[address] ?? now
        tally.replace(old?.services ?? [], by: share?.services ?? [])
        guard old?.routes != share?.routes else { return old }
        for route in share?.routes ?? [] { counts[route.prefix, default: [:]][route.path, default: 0] += 1 }
        for route in old?.routes ?? [] {
            let count = (counts[route.prefix]?[route.path] ?? 0) - 1
            counts[route.prefix]?[route.path] = count > 0 ? count : nil
        }
        for prefix in Set(((share?.routes ?? []) + (old?.routes ?? [])).map(\.prefix)) { update(prefix) }
        return old
    }

    private mutating func update(_ prefix: Prefix) {
        if before[prefix] == nil { before.updateValue(routes[prefix], forKey: prefix) }
        let paths = counts[prefix] ?? [:]
        if paths.isEmpty { counts[prefix] = nil }
        routes[prefix] = paths.isEmpty ? nil : Path(merging: paths.keys)
    }

    /// The routes that differ from what they were at the last call; nil for those that are gone.
    mutating func takeChanges() -> [Prefix: Path?] {
        defer { before = [:] }
        var changes: [Prefix: Path?] = [:]
        for (prefix, old) in before where routes[prefix] != old { changes.updateValue(routes[prefix], forKey: prefix) }
        return changes
    }
}

extension Path {
    /// What is said of a prefix for which several ask: the highest preference, and all communities.
    init(merging paths: some Collection<Path>) {
        self.init(
            localPreference: paths.map(\.localPreference).max() ?? 0, communities: paths.flatMap(\.communities),
            largeCommunities: paths.flatMap(\.largeCommunities))
    }
}

extension Advertisement {
    /// How `address` is told.
    func route(for address: IPAddress) -> RouteTable.Route? {
        let length = address.family == .ipv4 ? aggregationLength : aggregationLengthIPv6
        guard let around = Prefix(address, length: length),
            let prefix = Prefix(around.range.first, length: length)
        else { return nil }
        return RouteTable.Route(
            prefix: prefix,
            path: Path(
                localPreference: localPreference, communities: communities, largeCommunities: largeCommunities))
    }
}
