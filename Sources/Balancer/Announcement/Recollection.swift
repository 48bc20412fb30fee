import ARP
import Wire

/// Whether this daemon goes by what the one before it knew last: it has no complete lists, and the API server is silent.
///
/// What is known so is old: this node comes after all others, and it answers for nothing that another host may have taken
/// meanwhile.
struct Recollection {
    /// The API server has been silent for so long before memory counts. By then the gossip has found the others.
    static let patience = Duration.seconds(10)
    /// It has been answering for so long, and the lists are still not complete, before memory counts no more.
    static let listLimit = Duration.seconds(60)
    /// So many addresses are kept: as many as are probed at once.
    static let addressLimit = Prober.probeLimit
    /// Of each, so many Services are named.
    static let serviceLimit = 16
    /// Whoever has had an address for so long has found out whether another host uses it.
    private static let probation = Duration.seconds(8)
    /// What nobody has had for longer than this another host may use by now.
    private static let vacancyLimit = Duration.seconds(5)

    /// Another node has an address, or had it until a moment ago.
    private struct Tenure {
        var since: Instant
        var endedAt: Instant?
    }

    private(set) var isInForce = false
    /// Whether this node takes part although it may have no Lease: it is yet to write one.
    private(set) var lacksLease = false
    private var dueAt: Instant?
    private var tenures: [IPAddress: Tenure] = [:]

    /// Judges whether memory counts. Returns whether that is news.
    mutating func judge(isSilent: Bool, at now: Instant) -> Bool {
        guard isSilent != isInForce else {
            dueAt = nil
            return false
        }
        let due = dueAt ?? now.advanced(by: isSilent ? Self.patience : Self.listLimit)
        dueAt = due > now ? due : nil
        guard due <= now else { return false }
        isInForce = isSilent
        lacksLease = isSilent
        return true
    }

    /// The lists are complete: memory is not needed any more.
    mutating func end() {
        isInForce = false
        dueAt = nil
        tenures = [:]
    }

    /// This node has a Lease.
    mutating func findLease() { lacksLease = false }

    /// Notes whether `address` is another node's, who is alive.
    mutating func note(_ address: IPAddress, isOthers: Bool, at now: Instant) {
        let tenure = tenures[address]
        if !isOthers {
            tenures[address]?.endedAt = tenure?.endedAt ?? now
        } else if tenure == nil || tenure?.endedAt != nil {
            tenures[address] = Tenure(since: now)
        }
    }

    /// Whether `address`, which this node takes now, was another node's until now, and for long enough.
    mutating func takeOver(_ address: IPAddress, at now: Instant) -> Bool {
        guard let tenure = tenures.removeValue(forKey: address) else { return false }
        let end = tenure.endedAt ?? now
        return tenure.since.duration(to: end) >= Self.probation && end.duration(to: now) <= Self.vacancyLimit
    }

    var nextDeadline: Instant? { dueAt }
}
