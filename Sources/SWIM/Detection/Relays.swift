internal import Wire

/// The pings that this node sends in the stead of others.
struct Relays {
    /// One of them.
    struct Relay {
        /// What the other one's `IndirectPing` had.
        let sequence: UInt32
        let requester: SocketAddress
        let wantsNack: Bool
        let deadline: Instant
    }

    /// By the sequence number of our own ping.
    private var bySequence: [UInt32: Relay] = [:]

    var isFull: Bool { bySequence.count >= Capacity.relays }

    var nextDeadline: Instant? { bySequence.values.map(\.deadline).min() }

    mutating func add(_ relay: Relay, sequence: UInt32) {
        bySequence[sequence] = relay
    }

    /// The relay whose ping has been answered.
    mutating func take(_ sequence: UInt32) -> Relay? {
        bySequence.removeValue(forKey: sequence)
    }

    /// Those that got no answer in time, in the order in which they began.
    mutating func takeExpired(at now: Instant) -> [Relay] {
        let expired = bySequence.filter { $0.value.deadline <= now }.sorted {
            ($0.value.deadline, $0.key) < ($1.value.deadline, $1.key)
        }
        for (sequence, _) in expired { bySequence[sequence] = nil }
        return expired.map(\.value)
    }

    mutating func removeAll() {
        bySequence = [:]
    }
}
