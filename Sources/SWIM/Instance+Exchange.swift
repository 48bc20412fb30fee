internal import Wire

/// Exchanges of the whole state by TCP: to join, to mend what gossip has missed, and to heal a split.
extension Instance {
    private func ownState(isJoin: Bool) -> PushPull {
        PushPull(
            isJoin: isJoin, nodes: list.sorted.map { PushPull.NodeState($0.alive, status: $0.status) },
            userState: userState)
    }

    /// A peer has sent its state. What it says about this node is refuted before the answer, which so brings the
    /// refutation.
    mutating func pushed(_ state: PushPull, id: Int, in turn: inout Turn) {
        merge(state, isJoin: state.isJoin, in: &turn)
        turn.emit(.answer(ownState(isJoin: state.isJoin), id: id))
    }

    /// An exchange that this node has begun has ended.
    mutating func pulled(_ state: PushPull?, id: Int, in turn: inout Turn) {
        guard let purpose = exchanges.end(id) else { return }
        finish(purpose, with: state, in: &turn)
    }

    private mutating func finish(_ purpose: Exchanges.Purpose, with state: PushPull?, in turn: inout Turn) {
        var isJoin = false
        if case .join = purpose { isJoin = true }
        if let state {
            counters.exchanges += 1
            merge(state, isJoin: isJoin, in: &turn)
            if isJoin { introduceItself(in: &turn) }
        } else {
            counters.exchangesFailed += 1
        }
        switch purpose {
        case .join(let address):
            seeds.finished(address, hasAnswered: state != nil, at: turn.now, using: &turn.rng)
        case .reunion(let name):
            lost.finished(name, at: turn.now, using: &turn.rng)
        case .repair:
            break
        }
    }

    /// Tells the members directly of this node once it is in the group. By gossip it may take some of them half a second to learn
    /// of a daemon that has just begun: for so long they would take its beats for those of a stranger.
    private mutating func introduceItself(in turn: inout Turn) {
        guard !isIntroduced, !isLeaving else { return }
        let members = list.random(Capacity.introductions, using: &turn.rng) { $0.member.isListening }
        isIntroduced = !members.isEmpty
        for member in members { turn.emit(.send([.alive(list.own.alive)], to: member.address)) }
    }

    /// Begins the exchanges that are due.
    mutating func beginExchanges(in turn: inout Turn) {
        for purpose in exchanges.takeExpired(at: turn.now) { finish(purpose, with: nil, in: &turn) }
        guard !isLeaving else { return }
        for (name, address) in lost.take(exchanges.room, at: turn.now) {
            begin(.reunion(name), with: address, in: &turn)
        }
        let addresses = seeds.take(exchanges.room, at: turn.now, using: &turn.rng, isMember: list.hasListener)
        for address in addresses { begin(.join(address), with: address, in: &turn) }
        guard let due = nextRepair, due <= turn.now else { return }
        nextRepair = turn.now.advanced(by: timing.pushPullInterval(members: list.count))
        guard exchanges.room > 0, !exchanges.isRepairing else { return }
        for member in list.random(1, using: &turn.rng, where: { $0.member.status == .alive }) {
            begin(.repair, with: member.address, in: &turn)
        }
    }

    private mutating func begin(_ purpose: Exchanges.Purpose, with address: SocketAddress, in turn: inout Turn) {
        streamID += 1
        var isJoin = false
        if case .join = purpose { isJoin = true }
        exchanges.begin(purpose, id: streamID, until: turn.now.advanced(by: timing.streamTimeout * 2))
        turn.emit(.exchange(ownState(isJoin: isJoin), with: address, id: streamID))
    }
}
