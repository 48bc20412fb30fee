internal import Wire

/// The addresses claimed on one interface, and when each is announced next.
///
/// What is due waits in one of three lanes, each with its own pace, so that repeats and refreshes never hold up an
/// address that has just been taken over.
struct Announcements {
    /// A round of announcements is a gratuitous request and a gratuitous reply, or one unsolicited advertisement, which counts
    /// as much.
    static let framesPerRound = 2
    /// The rounds of a takeover: at once, then 1.1, 2.2, 3.3 and 4.4 s after it, later where the pace asks for it.
    static let rounds = 5
    /// Between two rounds of an address. Linux ignores a second change within 1 s (its sysctl neigh/*/locktime).
    static let roundInterval = Duration.milliseconds(1100)
    /// Addresses that are announced in one go; the pace of their lane holds from then on.
    static let burst = 64

    /// What an address is waiting for, the most urgent first.
    private enum Stage: Int, CaseIterable {
        /// Its first round.
        case first
        /// The rounds after the first.
        case repeats
        /// What comes after the last round, for as long as the address is ours.
        case refreshes

        init(roundsSent: Int) {
            switch roundsSent {
            case 0: self = .first
            case ..<Announcements.rounds: self = .repeats
            default: self = .refreshes
            }
        }

        /// 2500 frames a second are 1.7 % of a 100 Mbit/s link.
        var pacer: Pacer {
            let burst = Announcements.burst * Announcements.framesPerRound
            return switch self {
            case .first: Pacer(framesPerSecond: 2500, burst: burst)
            case .repeats: Pacer(framesPerSecond: 500, burst: burst)
            case .refreshes: Pacer(framesPerSecond: 50, burst: Announcements.framesPerRound)
            }
        }
    }

    /// A schedule with its own pace.
    private struct Lane {
        var schedule = Schedule()
        var pacer: Pacer
    }

    /// How many rounds each claimed address has had since it was taken.
    private var roundsSent: [IPAddress: Int] = [:]
    /// One a stage, in the order of stages.
    private var lanes = Stage.allCases.map { Lane(pacer: $0.pacer) }

    private var counts: [AddressFamily: Int] = [:]

    /// Whether no address is claimed.
    var isEmpty: Bool { roundsSent.isEmpty }

    /// Whether an address of `family` is claimed.
    func contains(_ family: AddressFamily) -> Bool { counts[family] != nil }

    /// The addresses that are claimed, in no order.
    var addresses: some Sequence<IPAddress> { roundsSent.keys }

    /// Whether `address` is claimed.
    func contains(_ address: IPAddress) -> Bool {
        roundsSent[address] != nil
    }

    /// Claims `address`: its first round is due. Claiming it again changes nothing.
    mutating func claim(_ address: IPAddress, at now: Instant) {
        guard !contains(address) else { return }
        roundsSent[address] = 0
        counts[address.family, default: 0] += 1
        lanes[lane(0)].schedule.insert(address, due: now)
    }

    /// Forgets `address` and all that is due for it.
    mutating func release(_ address: IPAddress) {
        guard let sent = roundsSent.removeValue(forKey: address) else { return }
        let left = counts[address.family, default: 0] - 1
        counts[address.family] = left > 0 ? left : nil
        lanes[lane(sent)].schedule.remove(address)
    }

    /// Makes the first round due for every claimed address, as if it had just been taken.
    mutating func restart(at now: Instant) {
        for (address, sent) in roundsSent.sorted(by: { $0.key < $1.key }) {
            lanes[lane(sent)].schedule.remove(address)
            roundsSent[address] = 0
            lanes[lane(0)].schedule.insert(address, due: now)
        }
    }

    /// The addresses to announce now, as far as the paces allow; each is given its next round. After the last one comes
    /// a refresh every `refreshInterval`, never where that is zero.
    mutating func next(
        at now: Instant, refreshInterval: Duration, using rng: inout PRNG
    ) -> [IPAddress] {
        var addresses: [IPAddress] = []
        for lane in lanes.indices {
            while let entry = lanes[lane].schedule.first, entry.due <= now,
                lanes[lane].pacer.take(Self.framesPerRound, at: now)
            {
                lanes[lane].schedule.remove(entry.address)
                addresses.append(entry.address)
                reschedule(entry.address, at: now, refreshInterval, &rng)
            }
        }
        return addresses
    }

    private mutating func reschedule(
        _ address: IPAddress, at now: Instant, _ refreshInterval: Duration, _ rng: inout PRNG
    ) {
        let sent = min(roundsSent[address, default: 0] + 1, Self.rounds + 1)
        roundsSent[address] = sent
        if sent < Self.rounds {
            lanes[lane(sent)].schedule.insert(address, due: now.advanced(by: Self.roundInterval))
        } else if refreshInterval > .zero {
            // The first one falls anywhere in the interval: that spreads out addresses that were taken together.
            let isFirst = sent == Self.rounds
            let delay = isFirst ? rng.jittered(refreshInterval / 2, by: 1) : rng.jittered(refreshInterval, by: 0.1)
            lanes[lane(sent)].schedule.insert(address, due: now.advanced(by: delay))
        }
    }

    /// When `next` will have something to give; nil where nothing is due.
    func wake(at now: Instant) -> Instant? {
        lanes.compactMap { lane in
            lane.schedule.first.map { lane.pacer.ready(Self.framesPerRound, due: $0.due, at: now) }
        }.min()
    }

    /// The lane in which an address waits that has had `roundsSent` rounds.
    private func lane(_ roundsSent: Int) -> Int {
        Stage(roundsSent: roundsSent).rawValue
    }
}
