public import Wire

/// Tells the network that this node is there while it answers for addresses, and finds out within a fifth of a second when
/// another node that does is not there any more.
///
/// Who answers for something beats, to all on the network at once: what the test takes is the very way that clients take,
/// and it costs the same for one address and for a thousand. An owner that is not heard is asked directly, and others are
/// asked about it: only where nobody has heard it, it counts as silent. So two lost beats cost a question, not a
/// failover. A process that was itself stopped or starved calls nobody silent: it starts to listen anew, and says so.
public struct Instance: Sendable {
    /// The shortest time between two beats, however often the claims change.
    private static let shortestInterval = Duration.milliseconds(15)
    /// How often one that is silent is asked whether it is there again: it may have nothing to beat for by then.
    private static let searchInterval = Duration.seconds(1)
    /// How often it is told of each whom gossip does not call alive that it is heard, and of how many at a time.
    private static let strangerInterval = Duration.seconds(1)
    private static let strangerLimit = 128

    /// Who hears nobody for so long, though it asks, was cut off itself.
    private static let isolation = Duration.milliseconds(400)

    /// How often it is told that a node answers for other addresses than is believed. What tells of a change may still be on
    /// its way when a beat comes.
    private static let differenceInterval = Duration.milliseconds(50)

    /// What was dropped, and what was asked.
    public struct Counters: Hashable, Sendable {
        /// Packets of an earlier daemon, or recorded ones.
        public var oldPackets: UInt64 = 0
        /// Packets of nodes that gossip does not call alive.
        public var strangers: UInt64 = 0
        /// Inquiries about a node that was not heard.
        public var inquiries: UInt64 = 0
        /// Inquiries that ended with the node found.
        public var found: UInt64 = 0
    }

    /// What was dropped, and what was asked.
    public private(set) var counters = Counters()

    private let name: String
    private let instance: UInt64
    private let timing: Timing
    private let faults: Fault

    private var sentCount: UInt64 = 0
    private var claimCount: UInt32 = 0
    private var digest: UInt64 = 0
    private var farewellsLeft = 0
    private var beatAt: Instant?
    private var lastBeatAt: Instant?

    private var members: [String: UInt64] = [:]
    private var digests: [String: UInt64] = [:]
    /// When it was told last that a node answers for others than is believed, of those that still do.
    private var differencesAt: [String: Instant] = [:]
    private var peers: [String: Peer] = [:]
    /// When any other node was heard last.
    private var lastHeardAt: Instant?
    /// Since when nobody is heard, though somebody should be.
    private var aloneSince: Instant?
    private var inquiryNumber: UInt32 = 0
    private var strangers: [String: Stranger] = [:]
    private var wakeAt: Instant?

    /// The node `name`, whose daemon is told apart from others by `instance`, which is random.
    public init(name: String, instance: UInt64, timing: Timing = Timing()) {
        self.init(name: name, instance: instance, timing: timing, faults: [])
    }

    /// The same node with mistakes.
    package init(name: String, instance: UInt64, timing: Timing, faults: Fault) {
        self.faults = faults
        self.name = name
        self.instance = instance
        self.timing = timing
    }

    /// Takes an event in and gives what is to be done about it, in order.
    public mutating func handle(_ event: Event, at now: Instant, using rng: inout PRNG) -> [Directive] {
        var directives: [Directive] = []
        notice(at: now, &directives)
        switch event {
        case .claims(let count, let digest):
            self.digest = digest
            claim(UInt32(clamping: count), at: now)
        case .digests(let digests):
            self.digests = digests
            expectOwners(at: now)
        case .members(let members):
            self.members = members
            for name in peers.keys where members[name] != peers[name]?.instance { forget(name) }
            recognize(&directives)
            expectOwners(at: now)
        case .received(let packet, age: let age):
            receive(packet, age: age, at: now, &directives)
        case .pause(let duration):
            let milliseconds = UInt16(clamping: duration.nanoseconds / 1_000_000)
            // Twice, since nothing follows that would tell.
            for _ in 0..<2 { directives.append(beat(to: .network, pauseMilliseconds: milliseconds)) }
            beatAt = nil
        case .timer:
            wakeAt = nil
        }
        beatIfDue(at: now, &directives)
        var deadline = nextDeadline
        if let due = deadline, due <= now {
            for name in peers.keys.sorted() { listen(for: name, at: now, using: &rng, &directives) }
            deadline = nextDeadline
        }
        wake(for: deadline, &directives)
        return directives
    }

    /// Notices that this process was not there when it should have been.
    private mutating func notice(at now: Instant, _ directives: inout [Directive]) {
        guard let due = wakeAt, due.duration(to: now) > timing.interval else { return }
        wakeAt = nil
        for name in peers.keys { peers[name]?.forgive(at: now) }
        lastHeardAt = now
        directives.append(.report(.late(by: due.duration(to: now))))
    }

    // MARK: This node

    private mutating func claim(_ count: UInt32, at now: Instant) {
        guard count != claimCount else { return }
        let hasBegun = claimCount == 0
        claimCount = count
        if count == 0 { farewellsLeft = timing.farewellCount }
        // The others need to know at once that there is somebody to listen for, or nobody any more.
        if hasBegun || count == 0 {
            beatAt = lastBeatAt.map { max(now, $0.advanced(by: Self.shortestInterval)) } ?? now
        }
    }

    private mutating func beatIfDue(at now: Instant, _ directives: inout [Directive]) {
        guard let due = beatAt, due <= now else { return }
        if !faults.contains(.neverBeats) { directives.append(beat(to: .network)) }
        lastBeatAt = now
        if claimCount == 0 { farewellsLeft -= 1 }
        // From when it was due, so that small delays do not add up.
        let next = max(due.advanced(by: timing.interval), now.advanced(by: timing.interval.scaled(1, over: 2)))
        beatAt = claimCount > 0 || farewellsLeft > 0 ? next : nil
    }

    private mutating func beat(to audience: Directive.Audience, pauseMilliseconds: UInt16 = 0) -> Directive {
        let interval = UInt16(clamping: timing.interval.nanoseconds / 1_000_000)
        let beat = Beat(
            claimCount: claimCount, digest: digest, intervalMilliseconds: interval, pauseMilliseconds: pauseMilliseconds
        )
        return send(.beat(beat), to: audience)
    }

    private mutating func send(_ body: Packet.Body, to audience: Directive.Audience) -> Directive {
        sentCount += 1
        return .send(Packet(sender: name, instance: instance, counter: sentCount, body: body), to: audience)
    }

    // MARK: The others

    private mutating func receive(
        _ packet: Packet, age: Duration, at now: Instant, _ directives: inout [Directive]
    ) {
        guard packet.sender != name else { return }
        let heardAt = now.advanced(by: .zero - age)
        if let aloneSince, aloneSince.duration(to: heardAt) > Self.isolation {
            for name in peers.keys { peers[name]?.disregardGap() }
        }
        compare(packet, at: now, &directives)
        guard members[packet.sender] == packet.instance else { return meet(packet, at: now, &directives) }
        let before = peers[packet.sender]
        if before == nil, strangers[packet.sender]?.outdates(packet) == true {
            counters.oldPackets += 1
            return
        } else if before == nil {
            peers[packet.sender] = Peer(packet, at: heardAt)
        } else if peers[packet.sender]?.take(packet, at: heardAt) == false {
            counters.oldPackets += 1
            return
        }
        lastHeardAt = max(lastHeardAt ?? heardAt, heardAt)
        if aloneSince != nil {
            aloneSince = nil
            directives.append(.report(.alone(false)))
        }
        if before?.inquiry != nil { counters.found += 1 }
        peers[packet.sender]?.inquiry = nil
        peers[packet.sender]?.searchAt = nil
        if before?.isSilent == true { directives.append(.report(.heard(packet.sender))) }
        let isAnswering = peers[packet.sender]?.isAnswering ?? false
        if isAnswering != before?.isAnswering ?? false {
            directives.append(.report(.answering(packet.sender, isAnswering)))
        }
        switch packet.body {
        case .beat:
            break
        case .inquiry(_, name):
            directives.append(beat(to: .member(packet.sender)))
        case .inquiry(let number, let node):
            let silence = peers[node].map { $0.heardAt.duration(to: now).nanoseconds / 1_000_000 }
            let milliseconds = silence.map { UInt32(clamping: $0) } ?? .max
            directives.append(
                send(
                    .finding(number: number, node: node, silenceMilliseconds: milliseconds), to: .member(packet.sender))
            )
        case .finding(let number, let node, let silence):
            learn(number, node, silenceMilliseconds: silence, at: now)
        }
    }

    /// Listens for those who answer for something, as others say: one that falls silent before it was heard at all is missed too.
    private mutating func expectOwners(at now: Instant) {
        for (name, peer) in peers where peer.isUnheard && !isOwner(name) { peers[name] = nil }
        for (name, instance) in members where peers[name] == nil && isOwner(name) {
            peers[name] = Peer(instance: instance, former: strangers[name], at: now)
        }
    }

    /// Whether `node` is believed to answer for something, whatever it says itself.
    private func isOwner(_ node: String) -> Bool { digests[node] ?? 0 != 0 }

    /// Looks whether the sender answers for what it is believed to answer for.
    private mutating func compare(_ packet: Packet, at now: Instant, _ directives: inout [Directive]) {
        guard case .beat(let beat) = packet.body else { return }
        guard beat.digest != digests[packet.sender] ?? 0 else {
            differencesAt[packet.sender] = nil
            return
        }
        if let last = differencesAt[packet.sender], last.duration(to: now) < Self.differenceInterval { return }
        differencesAt[packet.sender] = now
        directives.append(.report(.differs(packet.sender)))
    }

    /// Hears somebody whom gossip does not call alive. It may not have reached this node again yet, after a cut, and its addresses
    /// are not free.
    private mutating func meet(_ packet: Packet, at now: Instant, _ directives: inout [Directive]) {
        let sender = packet.sender
        counters.strangers += 1
        guard strangers[sender]?.outdates(packet) != true else {
            counters.oldPackets += 1
            return
        }
        // There is another daemon than the one that was listened for.
        if peers[sender]?.isUnheard == true { peers[sender]?.forgive(at: now) }
        var stranger = strangers[sender]?.after(packet) ?? Stranger(instance: packet.instance, counter: packet.counter)
        defer { remember(stranger, as: sender) }
        if let last = stranger.toldAt, last.duration(to: now) < Self.strangerInterval { return }
        stranger.toldAt = now
        directives.append(.report(.heard(sender)))
        guard members[sender] == nil, case .beat(let beat) = packet.body, beat.claimCount > 0 else { return }
        stranger.isToldToAnswer = true
        directives.append(.report(.answering(sender, true)))
    }

    /// Gossip does not call the node alive any more, or names another daemon: what is heard of this one later is to be newer.
    private mutating func forget(_ name: String) {
        guard let peer = peers.removeValue(forKey: name) else { return }
        remember(Stranger(instance: peer.instance, counter: peer.counter), as: name)
    }

    private mutating func remember(_ stranger: Stranger, as name: String) {
        if strangers[name] == nil, strangers.count >= Self.strangerLimit { strangers = [:] }
        strangers[name] = stranger
    }

    /// Takes back what was told of a stranger where gossip names another daemon now: that one was not heard.
    private mutating func recognize(_ directives: inout [Directive]) {
        for (name, stranger) in strangers.sorted(by: { $0.key < $1.key }) where stranger.isToldToAnswer {
            guard let known = members[name] else { continue }
            strangers[name]?.isToldToAnswer = false
            if known != stranger.instance { directives.append(.report(.answering(name, false))) }
        }
    }

    /// Looks whether it is time to ask about a node, or to give it up.
    private mutating func listen(
        for node: String, at now: Instant, using rng: inout PRNG, _ directives: inout [Directive]
    ) {
        if let due = peers[node]?.searchAt, due <= now {
            peers[node]?.searchAt = now.advanced(by: Self.searchInterval)
            inquiryNumber &+= 1
            directives.append(send(.inquiry(number: inquiryNumber, node: node), to: .member(node)))
        }
        guard let peer = peers[node], let due = peer.deadline(timing, isOwner: isOwner(node)), due <= now else {
            return
        }
        guard !faults.contains(.asksNobody) else { return giveUp(node, at: now, &directives) }
        guard var inquiry = peer.inquiry else { return ask(about: node, at: now, using: &rng, &directives) }
        if let direct = inquiry.directAt.last, direct <= now {
            inquiry.directAt.removeLast()
            peers[node]?.inquiry = inquiry
            directives.append(send(.inquiry(number: inquiry.number, node: node), to: .member(node)))
        }
        guard inquiry.deadline <= now else { return }
        if inquiry.silentCount > 0 || !inquiry.hasWitnesses {
            giveUp(node, at: now, &directives)
        } else {
            ask(about: node, at: now, using: &rng, &directives)
        }
    }

    private mutating func ask(
        about node: String, at now: Instant, using rng: inout PRNG, _ directives: inout [Directive]
    ) {
        guard let peer = peers[node] else { return }
        inquiryNumber &+= 1
        counters.inquiries += 1
        // Where the others, who are asked now, cannot be heard either, it is this node that is cut off, or all of them.
        if aloneSince == nil, lastHeardAt.map({ $0.advanced(by: timing.limit) <= now }) ?? true {
            aloneSince = now
            directives.append(.report(.alone(true)))
        }
        // One that is asked about itself is no witness.
        let witnesses = members.keys.filter { other in
            other != node && peers[other]?.isSilent != true && peers[other]?.inquiry == nil
        }.sorted().shuffled(using: &rng).prefix(timing.inquiryCount)
        let slack = (peer.limit(timing) - timing.limit) / 4
        let timeout = min(
            max(witnesses.isEmpty ? timing.directTimeout : timing.inquiryTimeout, slack), timing.longestInquiryTimeout)
        let repeats = (1..<max(timing.directCount, 1)).reversed()
        peers[node]?.inquiry = Inquiry(
            number: inquiryNumber, firstNumber: peer.inquiry?.firstNumber ?? inquiryNumber,
            hasWitnesses: !witnesses.isEmpty,
            deadline: now.advanced(by: timeout),
            directAt: repeats.map { now.advanced(by: timeout * $0 / timing.directCount) })
        for other in [node] + witnesses {
            directives.append(send(.inquiry(number: inquiryNumber, node: node), to: .member(other)))
        }
    }

    /// Takes the answer of one that was asked about `node`, late or not.
    private mutating func learn(
        _ number: UInt32, _ node: String, silenceMilliseconds: UInt32, at now: Instant
    ) {
        guard var peer = peers[node], var inquiry = peer.inquiry, inquiry.includes(number) else { return }
        let silence = Duration.milliseconds(Int64(silenceMilliseconds))
        if silence < peer.limit(timing) - timing.inquiryTimeout / 2 {
            // It was heard since this node heard it last.
            counters.found += 1
            peer.inquiry = nil
            peer.heardAt = max(peer.heardAt, now.advanced(by: .zero - silence))
            peers[node] = peer
        } else {
            inquiry.silentCount += 1
            peers[node]?.inquiry = inquiry
        }
    }

    private mutating func giveUp(_ node: String, at now: Instant, _ directives: inout [Directive]) {
        guard let heardAt = peers[node]?.heardAt else { return }
        peers[node]?.searchAt = now.advanced(by: Self.searchInterval)
        peers[node]?.inquiry = nil
        directives.append(.report(.silent(node, for: heardAt.duration(to: now))))
    }

    /// When there is something to do about another node.
    private var nextDeadline: Instant? {
        var next: Instant?
        for (name, peer) in peers {
            let deadline = peer.deadline(timing, isOwner: isOwner(name))
            let due = peer.searchAt ?? deadline.map { due in max(due, peer.inquiry?.nextDeadline ?? due) }
            if let due { next = min(next ?? due, due) }
        }
        return next
    }

    private mutating func wake(for deadline: Instant?, _ directives: inout [Directive]) {
        guard let next = deadline.map({ min($0, beatAt ?? $0) }) ?? beatAt, next != wakeAt else { return }
        wakeAt = next
        directives.append(.wake(at: next))
    }
}
