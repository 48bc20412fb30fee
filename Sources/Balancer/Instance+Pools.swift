import KubeWatch

/// Which pools are in force.
extension Instance {
    /// Decides about the newest configuration that was read.
    mutating func considerPools(in turn: inout Turn) {
        guard configuration.hasCandidate else { return }
        let services = cluster.services.values.filter(isOurs)
        let verdict = configuration.consider(
            services: cluster.isListed(.service) ? services : nil, objecting: objection)
        switch verdict {
        case .unchanged:
            break
        case .refused(let problem):
            turn.record(.error, .poolsRefused, "the pools stay as they were: \(problem)")
        case .adopted(let mirror):
            if let mirror { turn.emit(.mirror(text: mirror)) }
            guard let pools = configuration.pools, pools != book.pools || lastListened == nil else { return }
            adopt(pools, in: &turn)
        }
    }

    private mutating func adopt(_ pools: Pools, in turn: inout Turn) {
        putInForce(pools, in: &turn)
        let names = pools.pools.map(\.name).joined(separator: ", ")
        turn.record(.notice, .poolsInForce, names.isEmpty ? "there are no pools" : "pools in force: \(names)")
        assignments.disputes = [:]
        choosePeers(in: &turn)
        inheritRoutes(in: &turn)
    }

    /// Has everything go by `pools`.
    mutating func putInForce(_ pools: Pools, in turn: inout Turn) {
        book.adopt(pools)
        let ranges = pools.pools.flatMap(\.allRanges).sorted()
        if ranges != lastListened {
            lastListened = ranges
            turn.emit(.listen(for: ranges))
        }
        survey.isStale = true
        markAll()
        if leadership.isLeader { queueAllServices() }
    }

    /// Has the leader tell once of each ConfigMap that is refused.
    mutating func tellConfigMap() {
        guard leadership.holdsLease, let problem = configuration.problem, let configMap = configuration.configMap,
            configMap != toldConfigMap
        else { return }
        toldConfigMap = configMap
        events.append(
            EventRecord(
                kind: .configMap, object: configMap, level: .warning, reason: "PoolsRefused",
                message: "The pools stay as they were: \(problem)"))
    }
}
