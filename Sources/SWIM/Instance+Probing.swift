internal import Wire

/// The detection of failures: who answers, and who is blamed when somebody does not.
extension Instance {
    /// In how many of its turns a member is pinged once that is known otherwise to be alive.
    private static let turnsPerPing = 4

    // MARK: Pings of others

    /// Whether the ping is for this node, or for whoever listens here.
    mutating func isMeant(_ ping: Ping) -> Bool {
        guard ping.node.isEmpty || ping.node == list.own.name else {
            counters.dropped.otherName += 1
            return false
        }
        return true
    }

    mutating func answer(_ ping: Ping, from source: SocketAddress, in turn: inout Turn) {
        guard isMeant(ping), let address = returnAddress(ping.source, from: source) else { return }
        send(.ack(Ack(sequence: ping.sequence)), to: address, in: &turn)
    }

    /// Pings a member in another one's stead.
    mutating func relay(_ ping: IndirectPing, from source: SocketAddress, in turn: inout Turn) {
        guard isValidName(ping.node), let requester = returnAddress(ping.source, from: source) else { return }
        guard ping.target.isPlausible else {
            counters.dropped.invalidAddress += 1
            return
        }
        guard !relays.isFull else {
            counters.dropped.beyondLimit += 1
            return
        }
        sequence &+= 1
        relays.add(
            Relays.Relay(
                sequence: ping.sequence, requester: requester, wantsNack: ping.wantsNack,
                deadline: turn.now.advanced(by: timing.probeTimeout)), sequence: sequence)
        send(.ping(ownPing(to: ping.node)), to: ping.target, in: &turn)
    }

    private mutating func returnAddress(_ told: SocketAddress?, from source: SocketAddress) -> SocketAddress? {
        let address = told ?? source
        guard address.isPlausible else {
            counters.dropped.invalidAddress += 1
            return nil
        }
        return address
    }

    /// Tells those that waited for others' answers in vain.
    mutating func giveUpRelays(in turn: inout Turn) {
        for relay in relays.takeExpired(at: turn.now) where relay.wantsNack {
            send(.nack(sequence: relay.sequence), to: relay.requester, in: &turn)
        }
    }

    // MARK: Answers

    mutating func take(_ ack: Ack, from source: SocketAddress, in turn: inout Turn) {
        if let probe, probe.sequence == ack.sequence {
            succeed(probe, by: source, in: &turn)
        } else if let relay = relays.take(ack.sequence) {
            send(.ack(Ack(sequence: relay.sequence)), to: relay.requester, in: &turn)
        } else if !lost.answered(ack.sequence) {
            counters.dropped.unknownSequence += 1
        }
    }

    mutating func takeNack(_ sequence: UInt32) {
        guard let probe, probe.isIndirect, probe.sequence == sequence else {
            counters.dropped.unknownSequence += 1
            return
        }
        self.probe?.nack()
    }

    mutating func streamAnswered(_ isAnswered: Bool, id: Int, in turn: inout Turn) {
        guard isAnswered, let probe, probe.streamID == id else { return }
        counters.probesByStreamAlone += 1
        succeed(probe, by: nil, in: &turn)
    }

    /// The member has answered: itself, where `source` is its address.
    private mutating func succeed(_ probe: Probe, by source: SocketAddress?, in turn: inout Turn) {
        self.probe = nil
        adjustAwareness(by: -1)
        if source == probe.address {
            list[probe.name]?.roundTrip.measured(probe.sentAt.duration(to: turn.now))
        } else {
            list[probe.name]?.roundTrip.lost()
        }
        if let factor = list[probe.name]?.roundTrip.takeNews(timing) {
            turn.report(.stretched(probe.name, by: factor))
        }
    }

    // MARK: Probes

    /// Brings the probe that is under way forward, and begins the next one where that is due.
    mutating func probeMembers(in turn: inout Turn) {
        if let probe, probe.deadline <= turn.now {
            if probe.isIndirect { fail(probe, in: &turn) } else { askOthers(about: probe, in: &turn) }
        }
        guard !isLeaving, !list.isAlone || !lost.isEmpty else {
            nextTick = nil
            return
        }
        guard let tick = nextTick else {
            nextTick = turn.now.advanced(by: turn.rng.staggered(timing.probeInterval))
            return
        }
        if tick <= turn.now {
            let next = tick.advanced(by: timing.probeInterval)
            nextTick = next > turn.now ? next : turn.now.advanced(by: timing.probeInterval)
            isProbeDue = true
            for target in lost.ping(at: turn.now, sequence: &sequence) {
                turn.emit(.send([.ping(ownPing(to: target.name, sequence: target.sequence))], to: target.address))
            }
        }
        guard isProbeDue, probe == nil else { return }
        isProbeDue = false
        beginProbe(in: &turn)
    }

    private func ownPing(to name: String, sequence: UInt32? = nil) -> Ping {
        Ping(
            sequence: sequence ?? self.sequence, node: name, source: list.own.address, sourceNode: list.own.name)
    }

    /// Pings the next member. A suspect is told so with the ping, so that it can refute at once (Lifeguard's buddy
    /// system).
    private mutating func beginProbe(in turn: inout Turn) {
        let (next, forgotten) = list.nextToProbe(
            deadTime: timing.gossipToTheDeadTime, at: turn.now, using: &turn.rng)
        for name in forgotten { turn.report(.forgotten(name)) }
        guard let next, !isSpared(next) else { return }
        counters.probes += 1
        sequence &+= 1
        let member = next.member
        let stretch = next.roundTrip.stretch(timing)
        probe = Probe(
            of: member, sequence: sequence, timeout: timing.probeTimeout * stretch,
            duration: scaledByAwareness(timing.probeInterval) * stretch, at: turn.now)
        let ping = Message.ping(ownPing(to: member.name))
        if member.status == .suspect {
            let suspect = Suspect(incarnation: member.incarnation, node: member.name, from: list.own.name)
            turn.emit(.send([ping, .suspect(suspect)], to: member.address))
        } else {
            send(ping, to: member.address, in: &turn)
        }
    }

    /// Whether the member need not be pinged this time: that it is alive is known otherwise, and its link is good. Whether it can be
    /// reached here is to be found out all the same, by and by.
    private mutating func isSpared(_ entry: MemberList.Entry) -> Bool {
        guard let count = spared[entry.member.name], entry.member.status == .alive,
            entry.roundTrip.stretch(timing) == 1
        else { return false }
        spared[entry.member.name] = (count + 1) % Self.turnsPerPing
        return count + 1 < Self.turnsPerPing
    }

    /// The direct ping was not answered in time: other members are asked to ping, and TCP is tried, where the peers'
    /// versions know of these.
    private mutating func askOthers(about probe: Probe, in turn: inout Turn) {
        let others = list.random(timing.indirectChecks, using: &turn.rng) {
            $0.member.status == .alive && $0.member.name != probe.name
        }
        let hasStream = list[probe.name].map { $0.member.versions.protocolMaximum >= 3 } ?? false
        if hasStream { streamID += 1 }
        self.probe?.widen(
            expectedNacks: others.count { $0.versions.protocolMaximum >= 4 },
            streamID: hasStream ? streamID : nil, at: turn.now)
        for other in others {
            let ping = IndirectPing(
                sequence: probe.sequence, target: probe.address, node: probe.name,
                wantsNack: other.versions.protocolMaximum >= 4, source: list.own.address, sourceNode: list.own.name)
            send(.indirectPing(ping), to: other.address, in: &turn)
        }
        if hasStream, let deadline = self.probe?.deadline {
            let ping = ownPing(to: probe.name, sequence: probe.sequence)
            turn.emit(.pingByStream(ping, to: probe.address, id: streamID, until: deadline))
        }
    }

    private mutating func fail(_ probe: Probe, in turn: inout Turn) {
        self.probe = nil
        counters.probesFailed += 1
        adjustAwareness(by: probe.awarenessDelta)
        take(Suspect(incarnation: probe.incarnation, node: probe.name, from: list.own.name), in: &turn)
    }

    // MARK: Suspicions

    /// Declares those dead that have not refuted in time.
    mutating func endSuspicions(in turn: inout Turn) {
        guard !suspicions.isEmpty else { return }
        for (name, suspicion) in suspicions.sorted(by: { $0.key < $1.key }) where suspicion.deadline <= turn.now {
            guard let member = list[name]?.member else { continue }
            take(Dead(incarnation: member.incarnation, node: name, from: list.own.name), in: &turn)
        }
    }
}
