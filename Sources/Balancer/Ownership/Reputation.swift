import Wire

/// What other nodes have found when they asked for the addresses that this node answers for.
///
/// An address for which nobody hears this node answer is given up, so that another node takes it; not again and again, since it
/// may be the askers' fault. One lost answer is no reason, nor is what one node says where others could speak, nor what a
/// node says that hears nobody else either.
struct Reputation {
    /// So often in a row must a node have heard no answer.
    private static let missLimit = 2
    /// What was found longer ago does not count.
    private static let validity = Duration.seconds(60)
    /// An address that was given up is not taken again for so long; twice as long each time, up to the longest.
    private static let holdOff = Duration.seconds(60)
    private static let longestHoldOff = Duration.seconds(3_600)
    /// DEFEND_INTERVAL (RFC 5227 section 1.1): an address is defended once in so long.
    private static let defendInterval = Duration.seconds(10)
    /// What the node before this one still answers just after a takeover is no conflict.
    static let settling = Duration.seconds(5)
    /// Addresses that something is kept about.
    private static let limit = 20_000

    private struct Opinion {
        var misses = 0
        var isHearing = false
        /// Stations of others that answered twice in a row.
        var strangers: [MACAddress] = []
        var at: Instant
    }

    private var opinions: [IPAddress: [String: Opinion]] = [:]
    private var givenUp: [IPAddress: (times: Int, until: Instant)] = [:]
    /// The stations of others that answer for an address of this node's too.
    private(set) var strangers: [IPAddress: (station: MACAddress, at: Instant)] = [:]

    private var defendedAt: [IPAddress: Instant] = [:]
    private var lookedAt = Instant.zero

    /// What follows from a finding.
    enum Consequence: Hashable {
        case nothing
        /// The others are to be asked what they hear.
        case isDoubted
        /// Nobody hears it: these say so.
        case isUnheard(by: [String])
        /// Another station answers too; told once.
        case isContested(by: MACAddress)
    }

    /// Takes what `peer` has found; `own` are this node's Ethernet addresses, `peers` all nodes that could ask.
    mutating func take(
        _ finding: Finding, from peer: String, own: [MACAddress], peers: [String], at now: Instant
    ) -> Consequence {
        lookedAt = now
        let address = finding.address
        guard opinions[address] != nil || opinions.count < Self.limit else { return .nothing }
        var known = opinions[address, default: [:]].filter {
            $0.value.at.duration(to: now) <= Self.validity && peers.contains($0.key)
        }
        let before = known[peer]
        let others = finding.stations.filter { !own.contains($0) }
        known[peer] = Opinion(
            misses: finding.stations.isEmpty ? (before?.misses ?? 0) + 1 : 0, isHearing: finding.isHearing,
            strangers: others, at: now)
        opinions[address] = known
        if let stranger = others.first(where: { before?.strangers.contains($0) ?? false }) {
            let isNews = strangers[address]?.station != stranger
            strangers[address] = (stranger, now)
            if isNews { return .isContested(by: stranger) }
        }
        guard finding.stations.isEmpty else { return .nothing }
        let deniers = known.filter { $0.value.misses >= Self.missLimit }.keys.sorted()
        let isHeard = known.contains { $0.value.misses == 0 }
        let isCredible = deniers.count >= 2 || peers.count == 1 && finding.isHearing
        guard !isHeard, isCredible, !deniers.isEmpty else { return .isDoubted }
        return .isUnheard(by: deniers)
    }

    /// Another host, `station`, has said that `address` is his. Returns whether that is news.
    mutating func contest(_ address: IPAddress, by station: MACAddress, at now: Instant) -> Bool {
        lookedAt = now
        guard strangers[address] != nil || strangers.count < Self.limit else { return false }
        let isNews = strangers[address]?.station != station
        strangers[address] = (station, now)
        return isNews
    }

    /// Whether `address` may be defended now, which it is then. If not, it was defended just now, in vain.
    mutating func mayDefend(_ address: IPAddress, at now: Instant) -> Bool {
        if let last = defendedAt[address], last.duration(to: now) < Self.defendInterval { return false }
        defendedAt[address] = now
        return true
    }

    /// Gives an address up. Returns until when it is not to be taken again.
    mutating func giveUp(_ address: IPAddress, at now: Instant) -> Instant {
        opinions[address] = nil
        let old = givenUp[address].flatMap { $0.until.duration(to: now) <= Self.longestHoldOff ? $0.times : nil } ?? 0
        let time = min(Self.holdOff * (1 << min(old, 6)), Self.longestHoldOff)
        let until = now.advanced(by: time)
        givenUp[address] = (old + 1, until)
        return until
    }

    /// Forgets what has been found of an address that is no longer this node's.
    mutating func forget(where isOver: (IPAddress) -> Bool, at now: Instant) {
        lookedAt = now
        opinions = opinions.filter { !isOver($0.key) }
        defendedAt = defendedAt.filter { !isOver($0.key) }
        strangers = strangers.filter { !isOver($0.key) && $0.value.at.duration(to: now) <= Self.longestHoldOff }
        givenUp = givenUp.filter { $0.value.until.duration(to: now) <= Self.longestHoldOff }
    }

    /// What is wrong, for people.
    var problems: [String] {
        let unheard = givenUp.filter { lookedAt < $0.value.until }.keys.sorted().first
        let contested = strangers.sorted { $0.key < $1.key }.first
        return [
            unheard.map { "nobody heard this node answer for \($0): see the journal" },
            contested.map { "another host answers for \($0.key) too: \($0.value.station)" },
        ].compactMap { $0 }
    }
}
