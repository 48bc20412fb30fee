/// The line that `systemctl status` shows.
extension Instance {
    var statusLine: StatusLine {
        var line = StatusLine()
        line.problems = problems
        line.announcedCount = announcer.serviceCount + (speaker.upCount > 0 ? speaker.table.serviceCount : 0)
        line.peeringCount = speaker.peerings.count
        line.upCount = speaker.upCount
        line.serviceCount =
            recollection.isInForce ? Set(announcer.saved.remembered.values.joined()).count : serviceCount
        line.interfaces = announcer.countByInterface.keys.compactMap { reach.label(of: $0) }.sorted()
        line.pools = configuration.pools.map { pools in
            pools.pools.indices.map { index in
                StatusLine.PoolUse(
                    name: pools.pools[index].name, used: book.usedCounts[index], total: book.capacities[index])
            }
        }
        line.aliveCount = roster.alive.count
        return line
    }

    /// What is wrong, the worst first.
    var problems: [String] {
        var problems: [String] = []
        if departure != nil { problems.append("stopping") }
        let refused = refusals.problems
        if let problem = connection.problem(isWaiting: !cluster.isComplete && refused.isEmpty) {
            problems.append(problem)
        }
        if recollection.isInForce {
            problems.append("serving what was known last: the API server has not been heard from since the start")
        }
        if hasLinks, let problem = reach.problem { problems.append(problem) }
        if let problem = isolation.problem { problems.append(problem) }
        problems += reputation.problems
        problems += refused
        problems += speaker.problems
        if let problem = configuration.problem {
            problems.append("new pools refused: \(problem)")
        }
        if configuration.pools?.pools.isEmpty ?? true {
            problems.append("no pools: create the ConfigMap \(settings.configMap) or write \(settings.poolsPath)")
        }
        if metalLB.hasResources {
            problems.append("MetalLB's custom resources are not read: lbd uses the ConfigMap \(settings.configMap)")
        }
        if leadership.role == .yielding, let controller = metalLB.controller {
            problems.append("MetalLB's controller keeps giving the addresses (pod \(controller))")
        }
        let leftAlone = assignments.leftAloneCount
        if leftAlone > 0 {
            problems.append(
                "another controller writes the status of \(leftAlone) service\(leftAlone == 1 ? "" : "s"): see the journal"
            )
        }
        if isNodeUnknown {
            problems.append("no Node is named \"\(settings.nodeName)\": set `node` in lbd.yaml")
        }
        return problems
    }
}
