/// Who takes part in answering for addresses, by the Nodes, their Leases and the gossip, and what this node says of itself.
extension Instance {
    /// All lists are complete for the first time: this daemon takes part from now on.
    mutating func begin(in turn: inout Turn) {
        hasBegun = true
        endRecollection(in: &turn)
        leadership.begin(in: &turn)
        membership.begin(in: &turn)
        ownership.begin(at: turn.now)
        choosePeers(in: &turn)
        inheritedRoutes = nil
        elect(in: &turn)
        markAll()
    }

    /// Judges the nodes anew, after a change of Nodes or of their daemons.
    mutating func elect(in turn: inout Turn) {
        guard takesPart else { return }
        if hasBegun, membership.alive[settings.nodeName] != nil { recollection.findLease() }
        let before = roster
        roster = Roster(
            membership, gossip, nodeName: settings.nodeName, isCutOff: isolation.isCutOff,
            unleased: recollection.lacksLease ? presence : nil)
        // Whoever comes back from where it was cut off has been answering there.
        if roster.hasCompany(besides: before) { announceAll(in: &turn) }
        noteObstacles()
        introduce(in: &turn)
        let new = Election(nodes: hasBegun ? cluster.nodes : nil, roster)
        if new != election {
            election = new
            markAll()
        }
        let isIgnored = Election.isExclusionIgnored(cluster.nodes)
        if isIgnored, !isExclusionIgnored {
            turn.record(
                .notice, .exclusionIgnored,
                "every node bears the label node.kubernetes.io/exclude-from-external-load-balancers: it is ignored")
        }
        isExclusionIgnored = isIgnored
        let isUnknown = hasBegun && cluster.nodes[settings.nodeName] == nil
        if isUnknown, !isNodeUnknown {
            turn.record(
                .error, .nodeUnknown,
                "no Node is named \"\(settings.nodeName)\": set `node` in lbd.yaml to this node's name in `kubectl get nodes`",
                node: settings.nodeName)
        }
        isNodeUnknown = isUnknown
    }

    func announceAll(in turn: inout Turn) {
        if !announcer.current.isEmpty { turn.emit(.announceAll) }
    }

    /// Has all addresses looked at.
    mutating func markAll() {
        announcer.mark(announcer.current.keys)
        announcer.mark(speaker.table.shares.keys)
        if hasBegun { announcer.mark(book.addresses) }
        if recollection.isInForce { announcer.mark(announcer.saved.remembered.keys) }
    }

    /// What the other nodes are told about this one's network.
    var presence: Presence {
        guard !isolation.isCutOff else { return .nowhere }
        var presence = reach.presence
        presence.isPreferred = settings.election.isPreferred
        presence.isWireless = settings.election.putsWiredFirst && reach.isWireless
        presence.isReturning = isolation.isHolding || recollection.isInForce
        return presence
    }

    /// The same for its Lease. It is to be read there no sooner than the gossip has brought it: a node that lives by its Lease
    /// alone hears of no registers.
    var leasePresence: Presence {
        guard !isolation.isReturning else { return .nowhere }
        var presence = presence
        // By then that is over.
        presence.isReturning = false
        return presence
    }
}
