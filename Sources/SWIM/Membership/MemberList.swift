internal import Wire

/// The members of the group: this node, and the others in the order in which they are probed.
struct MemberList {
    /// Another member and what only this node knows of it.
    struct Entry {
        var member: Member
        /// When its status changed.
        var changedAt: Instant
        var roundTrip = RoundTrip()
    }

    /// This node.
    var own: Member
    private var entries: [String: Entry] = [:]
    /// The names of all entries: shuffled once each has had its turn, so that no two nodes probe in step.
    private var order: [String] = []
    private var next = 0

    init(own: Member) {
        self.own = own
    }

    /// All of them, ascending by name.
    var sorted: [Member] { (entries.values.map(\.member) + [own]).sorted { $0.name < $1.name } }

    /// How many they are, this node and the dead ones that are still listed included.
    var count: Int { entries.count + 1 }

    /// Whether there is none but this node.
    var isAlone: Bool { entries.isEmpty }

    /// The other member with this name; it must be in the list to be set.
    subscript(name: String) -> Entry? {
        get { entries[name] }
        set { if entries[name] != nil, let newValue { entries[name] = newValue } }
    }

    /// Adds a member at a random place in the order, so that the newest is not always probed last.
    mutating func insert(_ entry: Entry, using rng: inout PRNG) {
        guard entries.updateValue(entry, forKey: entry.member.name) == nil else { return }
        order.append(entry.member.name)
        order.swapAt(Int.random(in: order.indices, using: &rng), order.count - 1)
    }

    /// The next member to be probed, and those that have been dead for longer than `deadTime` and were taken out of the
    /// list because its end was reached.
    mutating func nextToProbe(
        deadTime: Duration, at now: Instant, using rng: inout PRNG
    ) -> (entry: Entry?, forgotten: [String]) {
        var forgotten: [String] = []
        for _ in 0...2 * order.count {
            if next >= order.count {
                forgotten += removeDead(for: deadTime, at: now)
                order.shuffle(using: &rng)
                next = 0
            }
            guard next < order.count else { break }
            let candidate = entries[order[next]]
            next += 1
            if let candidate, candidate.member.isListening { return (candidate, forgotten) }
        }
        return (nil, forgotten)
    }

    private mutating func removeDead(for deadTime: Duration, at now: Instant) -> [String] {
        let dead = order.filter { name in
            guard let entry = entries[name], !entry.member.isListening else { return false }
            return entry.changedAt.duration(to: now) > deadTime
        }
        for name in dead { entries[name] = nil }
        if !dead.isEmpty { order.removeAll { entries[$0] == nil } }
        return dead.sorted()
    }

    /// Up to `count` members that are such, at random.
    func random(_ count: Int, using rng: inout PRNG, where isSuch: (Entry) -> Bool) -> [Member] {
        var candidates = order.compactMap { entries[$0] }.filter(isSuch).map(\.member)
        for index in candidates.indices.prefix(count) {
            candidates.swapAt(index, Int.random(in: index..<candidates.count, using: &rng))
        }
        return Array(candidates.prefix(count))
    }

    /// Whether this node or another that is not gone listens at `address`.
    func hasListener(at address: SocketAddress) -> Bool {
        own.address == address || contains { $0.member.address == address && $0.member.isListening }
    }

    /// Whether any member is such.
    func contains(where isSuch: (Entry) -> Bool) -> Bool {
        entries.values.contains(where: isSuch)
    }
}

extension Member {
    /// Whether it is probed and gossiped to: alive, or a suspect.
    public var isListening: Bool { status == .alive || status == .suspect }

    /// What it says about itself.
    var alive: Alive {
        Alive(incarnation: incarnation, node: name, address: address, metadata: metadata, versions: versions)
    }
}
