import KubeWatch
public import Wire

/// What people are shown of the whole.
extension Instance {
    /// How things stand at `now`. Goes through all Services: to be asked for only when somebody wants to see it.
    public func overview(at now: Instant) -> Overview {
        // The reasons come from trying to allocate, which leaves marks in the book: they are made in a copy.
        var book = book
        // It is the leader that knows.
        if !leadership.isLeader { book.vacancies = Vacancies() }
        let services = cluster.services.values.filter(isOurs).sorted { $0.metadata.key < $1.metadata.key }
        return Overview(
            leader: leadership.holder,
            services: recollection.isInForce
                ? recollectedOverviews(at: now) : services.map { overview(of: $0, in: &book, at: now) },
            pools: poolOverviews, members: memberOverviews, gossip: gossip.overview(at: now), problems: problems)
    }

    private func overview(of service: Service, in book: inout AddressBook, at now: Instant) -> Overview.Service {
        let key = service.metadata.key
        let addresses = service.ingressAddresses.map { overview(of: $0, at: now) }
        let endpoints = cluster.readyEndpointCount(of: key)
        return Overview.Service(
            namespace: key.namespace, name: key.name, addresses: addresses, readyEndpoints: endpoints,
            problem: allocationProblem(of: service, in: &book)
                ?? addresses.lazy.compactMap { announcementProblem(of: service, at: $0) }.first)
    }

    func overview(of address: IPAddress, at now: Instant) -> Overview.Address {
        let announcement = announcer.current[address]
        return Overview.Address(
            address: address.description,
            owner: announcement != nil ? settings.nodeName : owner(of: address), advertisers: advertisers(of: address),
            interfaces: (announcement?.interfaces ?? []).compactMap { reach.name(of: $0) }.sorted(),
            announcedSeconds: (announcer.since[address] ?? speaker.table.since[address]).map {
                Int($0.duration(to: now).components.seconds)
            })
    }

    // MARK: Why not

    static let withdrawnProblem = "another host uses it too, and nobody answers for it until that ends"

    /// Why `service` has no address, or not what it asks for.
    private func allocationProblem(of service: Service, in book: inout AddressBook) -> String? {
        guard let pools = configuration.pools else { return "there are no pools yet" }
        let standing = Standing(of: service, in: pools)
        if standing == .foreign { return "its status is not lbd's: another controller wrote it, or its pool is gone" }
        // This node is not in its network.
        if standing.holdings.gone.contains(where: isReached) { return nil }
        if standing == .vacant, service.isBeingDeleted { return "it is being deleted" }
        do {
            let request = try service.wish.get()
            if request.isMet(by: standing.holdings.current, in: pools) { return nil }
            _ = try book.choose(for: request, of: service.metadata.key)
        } catch {
            return "\(error)"
        }
        if isYielding, let controller = metalLB.controller {
            return "MetalLB's controller (pod \(controller)) gives the addresses, and has not given it one"
        }
        guard let leader = leadership.holder else { return "there is no leader yet to give it an address" }
        return "the node \"\(leader)\", which leads, has not given it an address yet"
    }

    /// Why nobody answers for `shown`, an address of `service`.
    private func announcementProblem(of service: Service, at shown: Overview.Address) -> String? {
        let held = Standing(of: service, in: configuration.pools).addresses
        guard shown.owner == nil, shown.advertisers.isEmpty,
            let address = held.first(where: { $0.description == shown.address }),
            let problem = announcementProblem(of: service, at: address)
        else { return nil }
        return held.count > 1 ? "\(address): \(problem)" : problem
    }

    private func announcementProblem(of service: Service, at address: IPAddress) -> String? {
        guard hasBegun else { return "not everything has been heard from the API server yet" }
        if ownership.isWithdrawn(address) {
            return Self.withdrawnProblem
        }
        let backends = cluster.backends(of: service.metadata.key)
        guard backends.isServing else { return "it has no ready endpoint" }
        guard backends.reach(of: service) != nil else { return "none of its endpoints tells on which node it is" }
        if isAdvertised(address) {
            guard let peers = configuration.pools?.peers, !peers.isEmpty else {
                return "no router is told: there are no peers"
            }
            return service.isTrafficLocal
                ? "no live node with a peer has an endpoint of its own" : "no live node has a peer"
        }
        return service.isTrafficLocal
            ? "no live node in the address's network has an endpoint of its own"
            : "no live node is in the address's network"
    }

    // MARK: The rest

    private var poolOverviews: [Overview.Pool] {
        zip(book.pools.pools.indices, book.pools.pools).map { index, pool in
            let used = book.usedCounts[index]
            let capacity = book.capacities[index]
            let conflicts = book.vacancies.used.filter { pool.contains($0.address) }
            return Overview.Pool(
                name: pool.name, protocol: pool.announcementProtocol.rawValue, autoAssign: pool.isAutoAssigned,
                addresses: pool.ranges.map(\.description) + pool.hosts.filter { $0.network == nil }.map(\.description),
                used: used,
                free: Int(clamping: capacity - min(capacity, UInt128(used + conflicts.count))),
                conflicts: conflicts.map { address, station in
                    Overview.Conflict(address: address.description, station: station.description)
                })
        }
    }

    private var memberOverviews: [Overview.Member] {
        membership.all.map { member in
            Overview.Member(
                name: member.node, isAlive: member.isAlive,
                addresses: member.presence.prefixes.sorted().map(\.description),
                problem: problem(ofNode: member.node))
        }
    }

    func problem(ofNode name: String) -> String? {
        guard let node = cluster.nodes[name] else { return "there is no Node of this name" }
        if node.isNetworkUnavailable { return "Kubernetes calls its network unavailable" }
        guard node.isExcluded, !isExclusionIgnored else { return nil }
        return "its label excludes it from external load balancers"
    }
}
