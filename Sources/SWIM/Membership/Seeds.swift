internal import Wire

/// The addresses that this node was told to join. Each is tried at once, and again with growing pauses for as long as
/// no live member listens there: a board that boots before the others finds them when they come.
struct Seeds {
    private struct Seed {
        var backoff = Backoff()
        var due: Instant
        var isUnderWay = false
        /// When it was tried last.
        var endedAt: Instant?
    }

    /// One that shows life is tried again no sooner than so long after the last time.
    private static let shortestPause = Duration.seconds(1)

    private var byAddress: [SocketAddress: Seed] = [:]

    /// Forgets the addresses that are not among these, and tries those at once that are new.
    mutating func replace(with addresses: [SocketAddress], at now: Instant) {
        let old = byAddress
        byAddress = [:]
        for address in addresses where byAddress.count < Capacity.seeds {
            byAddress[address] = old[address] ?? Seed(due: now)
        }
    }

    /// Takes a datagram from `address`, where no member listens, as a sign of life.
    mutating func heard(from address: SocketAddress, at now: Instant) {
        guard let seed = byAddress[address], !seed.isUnderWay else { return }
        let earliest = seed.endedAt?.advanced(by: Self.shortestPause) ?? now
        byAddress[address]?.due = min(seed.due, max(now, earliest))
    }

    var nextDeadline: Instant? { byAddress.values.lazy.filter { !$0.isUnderWay }.map(\.due).min() }

    /// Up to `count` addresses that are due, which are then under way; those where a live member listens wait on.
    mutating func take(
        _ count: Int, at now: Instant, using rng: inout PRNG, isMember: (SocketAddress) -> Bool
    ) -> [SocketAddress] {
        var taken: [SocketAddress] = []
        guard let nextDeadline, nextDeadline <= now else { return [] }
        for (address, seed) in byAddress.sorted(by: { ($0.value.due, $0.key) < ($1.value.due, $1.key) }) {
            guard taken.count < count, seed.due <= now else { break }
            guard !seed.isUnderWay else { continue }
            if isMember(address) {
                byAddress[address]?.backoff.reset()
                byAddress[address]?.due = now.advanced(by: rng.jittered(Backoff.longest, by: 0.2))
            } else {
                byAddress[address]?.isUnderWay = true
                taken.append(address)
            }
        }
        return taken
    }

    /// The exchange with the address has ended.
    mutating func finished(_ address: SocketAddress, hasAnswered: Bool, at now: Instant, using rng: inout PRNG) {
        guard var seed = byAddress[address] else { return }
        seed.isUnderWay = false
        seed.endedAt = now
        if hasAnswered {
            seed.backoff.reset()
            seed.due = now.advanced(by: rng.jittered(Backoff.longest, by: 0.2))
        } else {
            seed.due = now.advanced(by: seed.backoff.next(using: &rng))
        }
        byAddress[address] = seed
    }
}
