import NetLink
import Wire

/// Pools and the networks that they are part of: see `Obstacles`.
extension Instance {
    /// Looks for the gateways where that is due.
    mutating func lookAround(in turn: inout Turn) {
        if survey.isDue(at: turn.now) { turn.emit(.findGateways(on: reach.interfaces)) }
        guard leadership.isLeader, survey.isStale, let pools = configuration.pools else { return }
        survey.isStale = false
        for pool in pools.pools { judge(pool, in: &turn) }
    }

    /// Takes the gateways that were found, for whatever they were looked for.
    mutating func note(_ gateways: [Gateway]) {
        if survey.take(gateways) { noteObstacles() }
    }

    /// The nodes' networks may have changed.
    mutating func noteObstacles() {
        let obstacles = Obstacles(presences: presences, nodes: cluster.nodes, gateways: survey.gateways)
        guard obstacles != book.obstacles else { return }
        survey.isStale = true
        for address in book.take(obstacles) {
            if let pool = book.pools.pool(holding: address) { assignments.waiting.freed(address, of: pool) }
        }
    }

    /// The networks of all nodes that are known, alive or not: who is switched off keeps its address.
    var presences: [String: Presence] {
        var presences = Dictionary(membership.all.map { ($0.node, $0.presence) }) { $1 }
        presences.merge(roster.alive) { $1 }
        presences[settings.nodeName] = reach.presence
        return presences
    }

    /// Tells once what is wrong with a pool.
    private mutating func judge(_ pool: Pool, in turn: inout Turn) {
        for (address, obstacle) in book.obstacles.inside(pool) {
            let text = "the pool \"\(pool.name)\" holds \(address), which is \(obstacle): no Service gets it"
            guard survey.tell(text) else { continue }
            turn.record(obstacle.isMistake ? .warning : .notice, .addressBarred, text, address: address)
        }
        let networks = presences.values
        guard pool.announcementProtocol == .layer2, !networks.allSatisfy(\.prefixes.isEmpty),
            !networks.contains(where: { $0.hasNamedInterface || $0.isAnywhere })
        else { return }
        for range in pool.ranges where !networks.contains(where: { $0.touches(range) }) {
            let text =
                "no node has an address in the network of \(range), of the pool \"\(pool.name)\": nobody can answer for its "
                + "addresses; see `interfaces.include` in lbd.yaml"
            if survey.tell(text) { turn.record(.warning, .poolOutOfReach, text) }
        }
    }
}

extension Presence {
    /// Whether some address of `range` is in one of the node's networks.
    fileprivate func touches(_ range: AddressRange) -> Bool {
        prefixes.contains { $0.touches(range) }
    }
}

extension Prefix {
    /// Whether some address of `range` is in the network.
    func touches(_ other: AddressRange) -> Bool {
        address.family == other.family && range.first <= other.last && other.first <= range.last
    }
}
