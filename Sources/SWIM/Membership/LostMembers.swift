internal import Wire

/// The members that died without a farewell. They are pinged on for an hour, and on any sign of life the whole state is
/// exchanged with them, so that a healed split is seen at once and not when somebody joins anew. memberlist forgets
/// them after half a minute; a ping and an exchange are all that its members see of this.
struct LostMembers {
    /// For so long is a member waited for.
    private static let patience = Duration.seconds(3_600)

    private struct Lost {
        let address: SocketAddress
        let since: Instant
        var sequence: UInt32?
        var backoff = Backoff()
        /// No exchange before this.
        var pausedUntil: Instant
        var hasShownLife = false
        var isUnderWay = false
    }

    /// A ping to one of them.
    struct Target {
        let name: String
        let address: SocketAddress
        let sequence: UInt32
    }

    private var byName: [String: Lost] = [:]
    /// The name after which the next round of pings goes on.
    private var last = ""

    var isEmpty: Bool { byName.isEmpty }

    mutating func insert(_ member: Member, at now: Instant) {
        if byName.count >= Capacity.lost,
            let oldest = byName.min(by: { ($0.value.since, $0.key) < ($1.value.since, $1.key) })
        {
            byName[oldest.key] = nil
        }
        byName[member.name] = Lost(address: member.address, since: now, pausedUntil: now)
    }

    /// The member is back, or has left; or a live one listens at its address.
    mutating func remove(_ name: String, at address: SocketAddress) {
        guard !byName.isEmpty else { return }
        byName[name] = nil
        byName = byName.filter { $0.value.address != address }
    }

    // MARK: Pings

    /// The pings of this time; `sequence` is the number of the last ping of all.
    mutating func ping(at now: Instant, sequence: inout UInt32) -> [Target] {
        guard !byName.isEmpty else { return [] }
        byName = byName.filter { $0.value.since.duration(to: now) < Self.patience }
        let names = byName.keys.sorted()
        let turn = names.filter { $0 > last } + names.filter { $0 <= last }
        return turn.prefix(Capacity.lostPings).compactMap { name in
            guard let address = byName[name]?.address else { return nil }
            sequence &+= 1
            byName[name]?.sequence = sequence
            last = name
            return Target(name: name, address: address, sequence: sequence)
        }
    }

    /// Takes the answer to a ping; false where none had this number.
    mutating func answered(_ sequence: UInt32) -> Bool {
        guard let name = byName.first(where: { $0.value.sequence == sequence })?.key else { return false }
        byName[name]?.hasShownLife = true
        return true
    }

    /// Takes a datagram from there as a sign of life.
    mutating func heard(from address: SocketAddress) {
        guard !byName.isEmpty else { return }
        for (name, lost) in byName where lost.address == address { byName[name]?.hasShownLife = true }
    }

    // MARK: Exchanges

    /// When the next exchange may begin.
    var nextDeadline: Instant? {
        guard !byName.isEmpty else { return nil }
        return byName.values.filter { $0.hasShownLife && !$0.isUnderWay }.map(\.pausedUntil).min()
    }

    /// Up to `count` members that have shown life and may be asked, whose exchanges are then under way.
    mutating func take(_ count: Int, at now: Instant) -> [(name: String, address: SocketAddress)] {
        guard let nextDeadline, nextDeadline <= now else { return [] }
        let due = byName.filter { $0.value.hasShownLife && !$0.value.isUnderWay && $0.value.pausedUntil <= now }
        return due.sorted { $0.key < $1.key }.prefix(count).map { name, lost in
            byName[name]?.isUnderWay = true
            return (name, lost.address)
        }
    }

    /// The exchange with the member has ended; where it is still dead after that, the next one waits.
    mutating func finished(_ name: String, at now: Instant, using rng: inout PRNG) {
        guard var lost = byName[name] else { return }
        lost.isUnderWay = false
        lost.hasShownLife = false
        lost.pausedUntil = now.advanced(by: lost.backoff.next(using: &rng))
        byName[name] = lost
    }
}
