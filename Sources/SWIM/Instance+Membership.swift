internal import Wire

/// What is said about members, by themselves and by others. The incarnation that a member gives itself orders it: older
/// news is ignored, and only the member itself can outdo what is said about it.
extension Instance {
    // MARK: What cannot be

    mutating func isValidName(_ name: String) -> Bool {
        guard !name.isEmpty, name.utf8.count <= Capacity.nameBytes else {
            counters.dropped.invalidName += 1
            return false
        }
        return true
    }

    /// Whether a member could still refute this: the largest incarnations leave it no room.
    private mutating func isValid(incarnation: UInt32) -> Bool {
        guard incarnation < Capacity.incarnation else {
            counters.dropped.invalidValue += 1
            return false
        }
        return true
    }

    private mutating func isValid(_ alive: Alive) -> Bool {
        guard isValidName(alive.node), isValid(incarnation: alive.incarnation) else { return false }
        guard alive.address.isPlausible else {
            counters.dropped.invalidAddress += 1
            return false
        }
        guard alive.metadata.count <= Limit.metadataBytes, alive.versions.areConsistent else {
            counters.dropped.invalidValue += 1
            return false
        }
        return true
    }

    /// Whether a datagram to this address would not come back to this node.
    func isForeign(_ address: SocketAddress) -> Bool {
        address.isPlausible && address != list.own.address
    }

    // MARK: This node

    /// Gossips what this node says about itself.
    mutating func tellOwnState() {
        queue.insert(.alive(list.own.alive), about: .member(list.own.name))
    }

    /// Outdoes what another says about this node.
    private mutating func refute(_ incarnation: UInt32) {
        guard !faults.contains(.neverRefutes) else { return }
        counters.refutations += 1
        list.own.incarnation = max(list.own.incarnation, incarnation) + 1
        adjustAwareness(by: 1)
        tellOwnState()
    }

    /// Refutes what is news. What was refuted long ago comes from one whom that has not reached, and it is told again.
    private mutating func takeAccusation(by accuser: String, incarnation: UInt32, in turn: inout Turn) {
        guard !isLeaving else { return }
        if incarnation >= list.own.incarnation {
            refute(incarnation)
        } else if let member = list[accuser]?.member, member.isListening {
            turn.emit(.send([.alive(list.own.alive)], to: member.address))
        }
    }

    /// Another speaks of this node: of what it said in an earlier life, or of one that goes by its name.
    private mutating func takeOwn(_ alive: Alive, in turn: inout Turn) {
        guard !isLeaving else { return }
        guard alive.address == list.own.address else {
            guard !formerAddresses.contains(alive.address) else { return }
            counters.dropped.addressConflict += 1
            guard namesake != alive.address else { return }
            namesake = alive.address
            return turn.report(.nameTaken(by: alive.address))
        }
        guard alive.incarnation >= list.own.incarnation else { return }
        let saysTheSame =
            alive.metadata == list.own.metadata
            && (alive.versions == list.own.versions || alive.versions.isUnknown)
        if alive.incarnation > list.own.incarnation || !saysTheSame { refute(alive.incarnation) }
    }

    // MARK: Alive

    mutating func take(_ alive: Alive, in turn: inout Turn) {
        guard isValid(alive) else { return }
        guard alive.node != list.own.name else { return takeOwn(alive, in: &turn) }
        guard let old = list[alive.node] else { return welcome(alive, in: &turn) }
        let hasMoved = alive.address != old.member.address
        guard !hasMoved || old.member.status == .left else {
            counters.dropped.addressConflict += 1
            return
        }
        guard alive.incarnation > old.member.incarnation || hasMoved else { return }

        var new = old
        new.member = Member(alive)
        if alive.versions.isUnknown { new.member.versions = old.member.versions }
        if old.member.status != .alive { new.changedAt = turn.now }
        if hasMoved { new.roundTrip = RoundTrip() }
        list[alive.node] = new
        accept(alive)
        var said = old.member
        said.incarnation = alive.incarnation
        if new.member != said { turn.report(.changed(new.member)) }
    }

    /// A member that has begun anew may count from below what this node knows of it, having heard less from others: it would be
    /// believed only after an exchange of states. So it is told, and outdoes that.
    func correct(_ alive: Alive, from source: SocketAddress, in turn: inout Turn) {
        guard let known = list[alive.node]?.member, source == known.address, source == alive.address else { return }
        let isOutdone =
            alive.incarnation < known.incarnation
            || alive.incarnation == known.incarnation && alive.metadata != known.metadata
        if isOutdone { turn.emit(.send([.alive(known.alive)], to: source)) }
    }

    private mutating func welcome(_ alive: Alive, in turn: inout Turn) {
        // No member begins with less than one.
        guard alive.incarnation > 0 else {
            counters.dropped.invalidValue += 1
            return
        }
        guard list.count < Capacity.members else {
            counters.dropped.beyondLimit += 1
            return
        }
        let member = Member(alive)
        list.insert(MemberList.Entry(member: member, changedAt: turn.now), using: &turn.rng)
        accept(alive)
        turn.report(.changed(member))
    }

    private mutating func accept(_ alive: Alive) {
        // It lives, and has not answered this node: the way to it loses what is sent.
        if suspicions.removeValue(forKey: alive.node)?.isShared(by: list.own.name) == true {
            list[alive.node]?.roundTrip.lost()
        }
        lost.remove(alive.node, at: alive.address)
        queue.insert(.alive(alive), about: .member(alive.node))
        follow(alive.versions)
    }

    /// memberlist takes nobody into a group who uses a version of what user messages hold that another member does not speak.
    /// What they hold is for those above: this node speaks any version, and says that it uses the oldest that all speak.
    private mutating func follow(_ versions: Versions) {
        guard versions.delegateMinimum > list.own.versions.delegateCurrent else { return }
        list.own.versions.delegateCurrent = versions.delegateMinimum
        list.own.incarnation += 1
        tellOwnState()
    }

    // MARK: Suspect

    mutating func take(_ suspect: Suspect, in turn: inout Turn) {
        guard isValidName(suspect.node), isValidName(suspect.from), isValid(incarnation: suspect.incarnation) else {
            return
        }
        guard suspect.node != list.own.name else {
            return takeAccusation(by: suspect.from, incarnation: suspect.incarnation, in: &turn)
        }
        guard var entry = list[suspect.node], suspect.incarnation >= entry.member.incarnation else { return }
        if suspicions[suspect.node] != nil {
            // Each confirmation by another goes on, so that it counts with everybody.
            if suspicions[suspect.node]?.confirm(by: suspect.from) == true {
                queue.insert(.suspect(suspect), about: .member(suspect.node))
            }
            return
        }
        guard entry.member.status == .alive else { return }
        counters.suspicions += 1
        entry.member.status = .suspect
        entry.member.incarnation = suspect.incarnation
        entry.changedAt = turn.now
        list[suspect.node] = entry
        suspicions[suspect.node] = Suspicion(
            by: suspect.from, members: list.count, stretch: entry.roundTrip.stretch(timing), timing: timing,
            at: turn.now)
        queue.insert(.suspect(suspect), about: .member(suspect.node))
        turn.report(.changed(entry.member))
    }

    // MARK: Dead

    mutating func take(_ dead: Dead, in turn: inout Turn) {
        guard isValidName(dead.node), isValidName(dead.from), isValid(incarnation: dead.incarnation) else { return }
        guard dead.node != list.own.name else {
            // Whom others take for dead they have not told anything for a while.
            if dead.incarnation >= list.own.incarnation { catchUp(at: turn.now) }
            return takeAccusation(by: dead.from, incarnation: dead.incarnation, in: &turn)
        }
        guard var entry = list[dead.node], dead.incarnation >= entry.member.incarnation else { return }
        suspicions[dead.node] = nil
        guard entry.member.isListening else { return }
        entry.member.incarnation = dead.incarnation
        entry.member.status = dead.isLeave ? .left : .dead
        entry.changedAt = turn.now
        list[dead.node] = entry
        if !dead.isLeave {
            counters.deaths += 1
            lost.insert(entry.member, at: turn.now)
        }
        queue.insert(.dead(dead), about: .member(dead.node))
        turn.report(.changed(entry.member))
    }

    // MARK: The state of another

    /// Takes what another member knows. Its dead are suspects here: it may have been cut off, and they can still
    /// refute.
    mutating func merge(_ state: PushPull, isJoin: Bool, in turn: inout Turn) {
        for node in state.nodes {
            let alive = node.alive
            switch node.status {
            case .alive:
                take(alive, in: &turn)
            case .left:
                take(Dead(incarnation: alive.incarnation, node: alive.node, from: alive.node), in: &turn)
            case .dead, .suspect:
                take(
                    Suspect(incarnation: alive.incarnation, node: alive.node, from: list.own.name), in: &turn)
            }
        }
        if !state.userState.isEmpty { turn.report(.merged(state.userState, isJoin: isJoin)) }
    }
}

extension Member {
    /// The member that says this about itself.
    init(_ alive: Alive) {
        self.init(
            name: alive.node, address: alive.address, metadata: alive.metadata, versions: alive.versions,
            incarnation: alive.incarnation)
    }
}

extension Versions {
    /// Whether they were not told, as by old peers.
    var isUnknown: Bool {
        self == Versions(protocolMinimum: 0, protocolMaximum: 0, protocolCurrent: 0)
    }

    /// Whether they can be: not told, or a range of versions from 1 on.
    var areConsistent: Bool {
        isUnknown || protocolMinimum > 0 && protocolMinimum <= protocolMaximum
    }
}
