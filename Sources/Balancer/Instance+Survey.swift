import NetLink
import Wire

/// Pools and the networks that they are part of: see `Obstacles`.
extension Instance {
    /// Looks for the gateways where that is due.
    mutating func lookAround(in turn: inout Turn) {
        if survey.isDue(at: turn.now) { turn.emit(.findGateways(on: reach.interfaces)) }
        if settings.isStrict, survey.areNetworksNew {
            survey.areNetworksNew = false
            considerPools(in: &turn)
        }
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
        survey.areNetworksNew = true
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

    /// Why these pools are not to be in force, where the settings want that to be strict. What is in force from before this daemon
    /// took part is told of, and stays: by then it does not know the networks of the others.
    func objection(to pools: Pools) -> String? {
        guard settings.isStrict, hasBegun else { return nil }
        return pools.pools.lazy.compactMap { flaws(of: $0).first?.text }.first
    }

    /// Tells once what is wrong with a pool.
    private mutating func judge(_ pool: Pool, in turn: inout Turn) {
        for flaw in flaws(of: pool) where survey.tell(flaw.text) {
            turn.record(flaw.isMistake ? .warning : .notice, flaw.id, flaw.text, address: flaw.address)
        }
    }

    /// What is wrong with `pool` in these networks.
    private func flaws(of pool: Pool) -> [Flaw] {
        let barred = book.obstacles.inside(pool).map { address, obstacle in
            Flaw(
                id: .addressBarred, isMistake: obstacle.isMistake, address: address,
                text: "the pool \"\(pool.name)\" holds \(address), which is \(obstacle): no Service gets it")
        }
        let networks = presences.values
        guard pool.announcementProtocol == .layer2, !networks.allSatisfy(\.prefixes.isEmpty),
            !networks.contains(where: { $0.hasNamedInterface || $0.isAnywhere })
        else { return barred }
        let unreached = pool.ranges.filter { range in !networks.contains { $0.touches(range) } }
        return barred
            + unreached.map { range in
                Flaw(
                    id: .poolOutOfReach, isMistake: true,
                    text:
                        "no node has an address in the network of \(range), of the pool \"\(pool.name)\": nobody can answer "
                        + "for its addresses; see `interfaces.include` in lbd.yaml")
            }
    }
}

/// What is wrong with a pool.
private struct Flaw {
    var id: Record.MessageID
    /// Whether somebody has made a mistake.
    var isMistake: Bool
    var address: IPAddress?
    var text: String
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
