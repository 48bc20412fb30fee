public import Wire

/// One node's part in the protocol of hashicorp/memberlist: SWIM (Das, Gupta and Motivala, 2002) with the extensions of
/// Lifeguard (Dadgar, Phillips and Currey, 2018), state exchanges by TCP and gossip. It decides as memberlist does, so
/// that it can be a member of a group of MetalLB's speakers.
///
/// Beyond memberlist: dead members are pinged for an hour (`LostMembers`), addresses to join are tried until somebody
/// is there (`Seeds`), a state that was pushed is merged before it is answered, so that one exchange heals a split, a
/// broadcast is passed on by those that hear it, and a process that was stopped blames nobody.
///
/// Here is only what ties the parts together, each a value of its own: `Instance+Probing` for the detection of
/// failures, `Instance+Membership` for what is said about members, `Instance+Exchange` for the whole state.
public struct Instance: Sendable {
    let faults: Fault
    /// The figures that it goes by.
    public internal(set) var timing: Timing
    var list: MemberList
    var probe: Probe?
    var relays = Relays()
    var suspicions: [String: Suspicion] = [:]
    var lost = LostMembers()
    var seeds = Seeds()
    var exchanges = Exchanges()
    var queue = BroadcastQueue()
    private var heard = Heard()
    private var departure: Departure?
    var userState: [UInt8] = []
    /// Of the last ping.
    var sequence: UInt32 = 0
    /// Of the last connection that was asked for.
    var streamID = 0
    /// The next turn to probe; nil while nobody is there to be probed.
    var nextTick: Instant?
    /// Whether a turn has come while a probe was under way.
    var isProbeDue = false
    /// Of each member that is known otherwise to be alive, how many of its turns went by without a ping.
    var spared: [String: Int] = [:]
    /// The next exchange with a random member.
    var nextRepair: Instant?
    private var nextGossip = Instant(nanoseconds: .min)
    /// Where this node has listened before.
    var formerAddresses: [SocketAddress] = []
    /// Who has this node's name, as far as it was reported.
    var namesake: SocketAddress?
    /// What was done and met.
    public internal(set) var counters = Counters()
    private var awareness = Awareness()
    private var hasStarted = false
    /// Whether the members were told directly that this node is one of them.
    var isIntroduced = false
    private var lastWake: Instant?

    /// The member `name`, which listens at `address` and says `metadata` about itself, before its first event.
    public init(name: String, address: SocketAddress, metadata: [UInt8] = [], timing: Timing = .lan) {
        self.init(name: name, address: address, metadata: metadata, timing: timing, faults: [])
    }

    /// The same member with mistakes.
    package init(name: String, address: SocketAddress, metadata: [UInt8], timing: Timing, faults: Fault) {
        self.timing = timing
        self.faults = faults
        list = MemberList(
            own: Member(
                name: name, address: address, metadata: Array(metadata.prefix(Limit.metadataBytes)), incarnation: 1))
    }

    /// All members that are known, this node among them, ascending by name.
    public var members: [Member] { list.sorted }

    /// Whether a member that is not gone listens at `address`.
    public func hasMember(at address: SocketAddress) -> Bool { list.hasListener(at: address) }

    /// How poorly this node itself does, from 0 to `Timing.awarenessMaximum` - 1 (Lifeguard).
    public var awarenessScore: Int { awareness.score }

    /// The factor by which the times of `timing` are stretched for this member, from 1 to `Timing.maximumStretch`.
    public func stretch(of name: String) -> Double { list[name]?.roundTrip.stretch(timing) ?? 1 }

    /// Takes one event and says what to do about it.
    public mutating func handle(_ event: Event, at now: Instant, using rng: inout PRNG) -> [Directive] {
        var turn = Turn(at: now, using: rng)
        noticeStop(in: &turn)
        take(event, in: &turn)
        if hasStarted { act(in: &turn) }
        rng = turn.rng
        return turn.directives
    }

    private mutating func take(_ event: Event, in turn: inout Turn) {
        switch event {
        case .started: start(in: &turn)
        case .received(let messages, from: let source): take(messages, from: source, in: &turn)
        case .join(let addresses): seeds.replace(with: addresses.filter(isForeign), at: turn.now)
        case .metadata(let bytes): change(metadata: bytes)
        case .address(let address): change(address: address)
        case .broadcast(let bytes): broadcast(bytes)
        case .userState(let bytes): userState = bytes
        case .timing(let new): change(timing: new, at: turn.now)
        case .knownAlive(let names): spared = Dictionary(names.map { ($0, spared[$0] ?? 0) }) { $1 }
        case .leave: leave(in: &turn)
        case .pushed(let state, let id, from: _): pushed(state, id: id, in: &turn)
        case .pulled(let state, let id): pulled(state, id: id, in: &turn)
        case .pinged(let ping, let id):
            if isMeant(ping) { turn.emit(.acknowledge(Ack(sequence: ping.sequence), id: id)) }
        case .streamAnswered(let isAnswered, let id): streamAnswered(isAnswered, id: id, in: &turn)
        case .timer: lastWake = nil
        }
    }

    private mutating func start(in turn: inout Turn) {
        guard !hasStarted else { return }
        hasStarted = true
        nextRepair = turn.now.advanced(by: turn.rng.staggered(timing.pushPullInterval) + timing.pushPullInterval)
        tellOwnState()
    }

    private mutating func take(_ messages: [Message], from source: SocketAddress, in turn: inout Turn) {
        lost.heard(from: source)
        if !list.hasListener(at: source) { seeds.heard(from: source, at: turn.now) }
        for message in messages {
            switch message {
            case .ping(let ping): answer(ping, from: source, in: &turn)
            case .indirectPing(let ping): relay(ping, from: source, in: &turn)
            case .ack(let ack): take(ack, from: source, in: &turn)
            case .nack(let sequence): takeNack(sequence)
            case .suspect(let suspect): take(suspect, in: &turn)
            case .alive(let alive):
                take(alive, in: &turn)
                correct(alive, from: source, in: &turn)
            case .dead(let dead): take(dead, in: &turn)
            case .user(let bytes): hear(bytes, in: &turn)
            }
        }
    }

    // MARK: What those above ask for

    private mutating func change(metadata: [UInt8]) {
        guard metadata.count <= Limit.metadataBytes else {
            counters.dropped.invalidValue += 1
            return
        }
        guard metadata != list.own.metadata else { return }
        list.own.metadata = metadata
        renew()
    }

    /// Moves to another address. The members know this node by its old one and would take another for a stranger's who
    /// uses its name: it leaves the old one first.
    private mutating func change(address: SocketAddress) {
        guard address != list.own.address else { return }
        guard address.isPlausible else {
            counters.dropped.invalidAddress += 1
            return
        }
        formerAddresses.removeAll { $0 == address || $0 == list.own.address }
        formerAddresses = formerAddresses.suffix(Capacity.formerAddresses - 1) + [list.own.address]
        if hasStarted, !isLeaving { queue.insert(.dead(farewell), about: .move) }
        list.own.address = address
        renew()
    }

    /// Tells the members what has changed.
    private mutating func renew() {
        guard hasStarted, !isLeaving else { return }
        list.own.incarnation += 1
        tellOwnState()
    }

    private var farewell: Dead { Dead(incarnation: list.own.incarnation, node: list.own.name, from: list.own.name) }

    private mutating func change(timing new: Timing, at now: Instant) {
        timing = new
        nextTick = nextTick.map { min($0, now.advanced(by: new.probeInterval)) }
        nextGossip = min(nextGossip, now.advanced(by: new.gossipInterval))
        nextRepair = nextRepair.map { min($0, now.advanced(by: new.pushPullInterval(members: list.count))) }
        adjustAwareness(by: 0)
    }

    mutating func adjustAwareness(by delta: Int) {
        awareness.apply(delta, maximum: timing.awarenessMaximum)
    }

    /// The time that a node as well as this one should allow for a probe.
    func scaledByAwareness(_ duration: Duration) -> Duration { awareness.scaled(duration) }

    // MARK: Broadcasts

    private mutating func broadcast(_ bytes: [UInt8]) {
        guard bytes.count <= Capacity.broadcastBytes else {
            counters.dropped.invalidValue += 1
            return
        }
        guard !isLeaving, heard.insert(bytes) else { return }
        if !queue.insert(bytes) { counters.dropped.beyondLimit += 1 }
    }

    private mutating func hear(_ bytes: [UInt8], in turn: inout Turn) {
        guard bytes.count <= Capacity.broadcastBytes else {
            counters.dropped.invalidValue += 1
            return
        }
        guard heard.insert(bytes) else { return }
        turn.report(.told(bytes))
        if !queue.insert(bytes) { counters.dropped.beyondLimit += 1 }
    }

    /// Sends a message, and with it what is to be gossiped and fits.
    mutating func send(_ message: Message, to address: SocketAddress, in turn: inout Turn) {
        var budget = Budget()
        let isRoom = budget.take(encodedLength: message.encodedLength)
        let news = isRoom ? queue.take(within: budget, transmitLimit: timing.transmitLimit(members: list.count)) : []
        turn.emit(.send([message] + news, to: address))
    }

    /// Sends what is to be gossiped to a few members at random, those that died lately among them: one that was
    /// declared dead and lives learns of it.
    private mutating func gossip(in turn: inout Turn) {
        guard !queue.isEmpty, !list.isAlone, nextGossip <= turn.now else { return }
        nextGossip = turn.now.advanced(by: timing.gossipInterval)
        let now = turn.now
        let deadTime = timing.gossipToTheDeadTime
        let targets = list.random(timing.gossipNodes, using: &turn.rng) { entry in
            entry.member.isListening
                || entry.member.status == .dead && entry.changedAt.duration(to: now) <= deadTime
        }
        for target in targets {
            let news = queue.take(within: Budget(), transmitLimit: timing.transmitLimit(members: list.count))
            guard !news.isEmpty else { return }
            turn.emit(.send(news, to: target.address))
        }
    }

    // MARK: The farewell

    /// Whether this node has said farewell, or is about it.
    var isLeaving: Bool { departure != nil }

    private mutating func leave(in turn: inout Turn) {
        guard !isLeaving else { return }
        departure = Departure(deadline: turn.now.advanced(by: timing.leaveTimeout))
        list.own.status = .left
        probe = nil
        seeds.replace(with: [], at: turn.now)
        if hasStarted { queue.insert(.dead(farewell), about: .member(list.own.name)) } else { depart(in: &turn) }
    }

    /// Reports the end once the farewell was sent as often as any broadcast, or its time is over.
    private mutating func depart(in turn: inout Turn) {
        guard let departure, !departure.isOver else { return }
        let isTold = !queue.contains(.member(list.own.name))
        guard isTold || departure.deadline <= turn.now || !list.contains(where: { $0.member.isListening }) else {
            return
        }
        self.departure?.isOver = true
        turn.report(.hasLeft)
    }

    // MARK: What is due

    private mutating func act(in turn: inout Turn) {
        giveUpRelays(in: &turn)
        probeMembers(in: &turn)
        endSuspicions(in: &turn)
        beginExchanges(in: &turn)
        gossip(in: &turn)
        depart(in: &turn)
        guard let deadline = nextDeadline(after: turn.now), deadline != lastWake else { return }
        lastWake = deadline
        turn.emit(.wake(at: deadline))
    }

    /// A process that comes so late to what it has asked for was stopped or starved. The answers that it missed are
    /// nobody's fault, and what it believed of others is old.
    private mutating func noticeStop(in turn: inout Turn) {
        guard let lastWake, case let delay = lastWake.duration(to: turn.now), delay > timing.probeInterval else {
            return
        }
        self.lastWake = nil
        counters.stops += 1
        probe = nil
        relays.removeAll()
        for name in suspicions.keys { suspicions[name]?.postpone(at: turn.now) }
        adjustAwareness(by: 1)
        catchUp(at: turn.now)
        turn.report(.late(by: delay))
    }

    /// Exchanges the whole state with somebody at once: what was gossiped while this node did not hear, it has missed.
    mutating func catchUp(at now: Instant) {
        if nextRepair != nil { nextRepair = now }
    }

    /// When the next part has something to do. What is due and was not done just now waits for something else than
    /// time.
    private func nextDeadline(after now: Instant) -> Instant? {
        var deadlines = [
            relays.nextDeadline, probe?.deadline, nextTick, exchanges.nextDeadline, seeds.nextDeadline,
        ]
        if !isLeaving { deadlines += [lost.nextDeadline, nextRepair] }
        if let departure, !departure.isOver { deadlines.append(departure.deadline) }
        if !queue.isEmpty, !list.isAlone { deadlines.append(nextGossip) }
        deadlines += suspicions.values.map(\.deadline)
        return deadlines.compactMap { $0 }.filter { $0 > now }.min()
    }
}

extension PRNG {
    /// A part of `interval`, drawn evenly, so that nodes that start together do not act in step.
    mutating func staggered(_ interval: Duration) -> Duration {
        interval * Double.random(in: 0..<1, using: &self)
    }
}
