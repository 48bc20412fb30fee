internal import Wire

/// The exchanges of the whole state that this node has begun.
struct Exchanges {
    /// Why the state is exchanged.
    enum Purpose: Hashable {
        /// To join whoever listens there.
        case join(SocketAddress)
        /// So that what gossip has missed is mended.
        case repair
        /// With a member that is dead and has shown life.
        case reunion(String)
    }

    private var byID: [Int: (purpose: Purpose, deadline: Instant)] = [:]

    /// How many more may begin.
    var room: Int { Capacity.exchanges - byID.count }

    var isRepairing: Bool { byID.values.contains { $0.purpose == .repair } }

    var nextDeadline: Instant? { byID.values.map(\.deadline).min() }

    mutating func begin(_ purpose: Purpose, id: Int, until deadline: Instant) {
        byID[id] = (purpose, deadline)
    }

    /// The exchange has ended.
    mutating func end(_ id: Int) -> Purpose? {
        byID.removeValue(forKey: id)?.purpose
    }

    /// Those of which the shell has never told the end.
    mutating func takeExpired(at now: Instant) -> [Purpose] {
        let expired = byID.filter { $0.value.deadline <= now }.sorted { $0.key < $1.key }
        for (id, _) in expired { byID[id] = nil }
        return expired.map(\.value.purpose)
    }
}
