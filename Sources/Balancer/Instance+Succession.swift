import KubeWatch
import Wire

/// How the pools follow this node's networks, and Services their pools: see `Succession`.
extension Instance {
    /// This node's networks may have changed.
    mutating func followNetworks(in turn: inout Turn) {
        guard configuration.follow(reach.globalPrefixes), let pools = configuration.pools else { return }
        succession.changedAt = turn.now
        putInForce(pools, in: &turn)
        tellNetworks(of: pools, in: &turn)
    }

    /// Tells which networks the pools follow, where that has changed.
    private mutating func tellNetworks(of pools: Pools, in turn: inout Turn) {
        let hosts = pools.pools.flatMap(\.hosts)
        let interfaces = Set(hosts.map(\.interface)).sorted().joined(separator: ", ")
        let current = Set(hosts.compactMap(\.network)).sorted()
        let former = Set(pools.pools.flatMap(\.leaving).compactMap { Prefix($0.first, length: 64)?.range }).sorted()
            .compactMap { Prefix($0.first, length: 64) }
        var text = "there is no global IPv6 prefix on \(interfaces) for the pools to follow"
        if !current.isEmpty { text = "the pools follow the network \(current.words) of \(interfaces)" }
        if !former.isEmpty {
            text += "; \(former.words) is deprecated, and Services leave it"
        }
        guard text != succession.told else { return }
        succession.told = text
        turn.record(
            .notice, .networkChanged, text, node: settings.nodeName, interface: hosts.count == 1 ? interfaces : nil)
    }

    // MARK: What follows an address

    /// The address that takes the place of one of `service` whose network is not to be used any more: the one with the same
    /// host part; where somebody else has that, the one that the Services have moved to which shared the old one. Of the pool
    /// of those that it keeps, `kept`.
    mutating func heir(
        for request: Request, of service: Service, beside kept: [IPAddress]
    ) throws(AllocationFailure) -> IPAddress? {
        let key = service.metadata.key
        let holdings = Standing(of: service, in: book.pools).holdings
        for old in holdings.former + holdings.gone {
            let sharers = book.occupants(of: old).filter { $0 != key }.sorted()
            let theirs = sharers.compactMap { book.entries[$0] }.flatMap { $0.held + $0.reserved }
            for heir in [book.pools.successor(of: old)].compactMap({ $0 }) + theirs
            where heir.family == old.family && request.allows(heir, in: book.pools) {
                guard let pool = book.pools.pool(holding: heir), kept.allSatisfy(pool.contains) else { continue }
                do throws(AllocationFailure) {
                    try book.check(heir, for: request, of: key)
                    return heir
                } catch {
                    guard error == .unproven else { continue }
                    book.vacancies.want(heir)
                    throw error
                }
            }
        }
        return nil
    }

    // MARK: What becomes of it

    /// What stays in the status of a Service behind the addresses that it has, `current`: what it has moved from, while that can
    /// be answered for.
    func remnants(of holdings: Holdings, beside current: [IPAddress], for request: Request, at now: Instant)
        -> [IPAddress]
    {
        guard request.families.contains(.ipv6) else { return [] }
        let old = holdings.former + holdings.gone.filter { !isOver($0, at: now) }
        return Array(old.filter { !current.contains($0) }.prefix(Succession.formerLimit))
    }

    /// Whether a Service waits with one of `holdings` for the network of what is gone, or for its successor.
    func isWaiting(_ holdings: Holdings, for request: Request, at now: Instant) -> Bool {
        let asked = request.addresses.first { $0.family == .ipv6 }
        return request.families.contains(.ipv6)
            && holdings.gone.contains { address in
                let pool = book.pools.pool(hosting: address)?.name
                return !isOver(address, at: now) && (asked == nil || asked == address)
                    && (request.pool == nil || request.pool == pool)
            }
    }

    /// Whether `address`, whose network this node is not in, is to be given up: there is a successor, no live node is in the
    /// network, and that has been so for a while.
    private func isOver(_ address: IPAddress, at now: Instant) -> Bool {
        guard book.pools.successor(of: address) != nil else { return false }
        let isMissed = succession.changedAt.map { $0.advanced(by: Succession.patience) <= now } ?? true
        return isMissed && !isReached(address)
    }

    /// Whether a live node is in the network of `address`.
    func isReached(_ address: IPAddress) -> Bool {
        roster.alive.values.contains { !$0.isAnywhere && $0.reaches(address) }
    }

    /// Has `gone` looked at again, if time may tell.
    mutating func review(_ gone: [IPAddress], at now: Instant) {
        guard gone.contains(where: { book.pools.successor(of: $0) != nil && !isOver($0, at: now) }) else { return }
        let changedAt = succession.changedAt ?? now
        let due = changedAt.advanced(by: Succession.patience)
        succession.reviewDue = .earlier(succession.reviewDue, due > now ? due : now.advanced(by: Succession.patience))
    }
}

extension [Prefix] {
    /// As people are told them.
    fileprivate var words: String { map(\.description).joined(separator: ", ") }
}
