public import Wire

/// Answers ARP requests (RFC 826) and neighbour solicitations (RFC 4861) for the addresses that this node has taken, and
/// announces them.
public struct Announcer: Sendable {
    /// What happens to an announcer.
    public enum Event: Hashable, Sendable {
        /// Answer for the address on the interface with this index from now on, and announce it.
        case take(IPAddress, on: UInt32)
        /// Do not answer for the address on this interface any more, and announce it no more.
        case release(IPAddress, on: UInt32)
        /// Announce all that is claimed anew: others may have been believed to have it meanwhile.
        case announceAll
        /// Announce an address that is claimed on this interface once, at once: another host says that it is his (RFC 5227
        /// section 2.4).
        case defend(IPAddress, on: UInt32)
        /// The interface with this index has this Ethernet address; nil: it is gone. What is claimed on it stays
        /// claimed, and is announced anew with the new address.
        case interface(UInt32, MACAddress?)
        /// A whole Ethernet frame came in on the interface.
        case received(ArraySlice<UInt8>, on: UInt32)
        /// The instant of the last `Directive.wake` has come; also harmless at any other time.
        case timer
    }

    /// What an announcer asks of its shell, to be carried out in order.
    public enum Directive: Hashable, Sendable {
        /// Send the frame on the interface with this index.
        case send(Frame, on: UInt32)
        /// Send `Event.timer` at this instant; replaces the instant asked for before.
        case wake(at: Instant)
    }

    /// The numbers of frames sent and dropped.
    public private(set) var counters = Counters()

    private let refreshInterval: Duration
    private var hardwareAddresses: [UInt32: MACAddress] = [:]
    private var announcements: [UInt32: Announcements] = [:]
    /// The instant of the last wake that was asked for and has not come.
    private var wakeAt: Instant?

    /// An announcer that refreshes each address about every `refreshInterval`; zero for never.
    public init(refreshInterval: Duration) {
        self.refreshInterval = refreshInterval
    }

    /// Whether any address is claimed on the interface with this index.
    public func hasClaims(on index: UInt32) -> Bool {
        announcements[index].map { !$0.isEmpty } ?? false
    }

    /// Whether an address of `family` is claimed on the interface with this index.
    public func hasClaims(on index: UInt32, of family: AddressFamily) -> Bool {
        announcements[index]?.contains(family) ?? false
    }

    /// The addresses that are claimed on the interface with this index, ascending.
    public func claims(on index: UInt32) -> [IPAddress] {
        announcements[index]?.addresses.sorted() ?? []
    }

    private func isClaimed(_ address: IPAddress, on index: UInt32) -> Bool {
        announcements[index]?.contains(address) ?? false
    }

    /// Takes an event in and gives what is to be done about it, in order.
    public mutating func handle(_ event: Event, at now: Instant, using rng: inout PRNG) -> [Directive] {
        switch event {
        case .received(let bytes, on: let index):
            return answer(bytes, on: index).map { [.send($0, on: index)] } ?? []
        case .take(let address, on: let index):
            announcements[index, default: Announcements()].claim(address, at: now)
            return announce(on: [index], at: now, &rng)
        case .release(let address, on: let index):
            announcements[index]?.release(address)
            return []
        case .announceAll:
            for index in announcements.keys { announcements[index]?.restart(at: now) }
            return announce(on: announcements.keys.sorted(), at: now, &rng)
        case .defend(let address, on: let index):
            guard let own = hardwareAddresses[index], isClaimed(address, on: index) else { return [] }
            let frames = Frame.announcement(of: address, at: own)
            counters.gratuitous += UInt64(frames.count)
            return frames.map { .send($0, on: index) }
        case .interface(let index, let address):
            guard hardwareAddresses[index] != address else { return [] }
            hardwareAddresses[index] = address
            // Only now: while the interface is there, what was sent on it counts against its pace.
            if address == nil, !hasClaims(on: index) { announcements[index] = nil }
            announcements[index]?.restart(at: now)
            return announce(on: [index], at: now, &rng)
        case .timer:
            wakeAt = nil
            return announce(on: announcements.keys.sorted(), at: now, &rng)
        }
    }

    /// The answer to a frame that is a proper question for an address claimed on the interface it came in on.
    private mutating func answer(_ bytes: ArraySlice<UInt8>, on index: UInt32) -> Frame? {
        guard let frame = try? Frame(bytes) else {
            counters.dropped.malformed += 1
            return nil
        }
        guard let request = Request(frame) else {
            counters.dropped.notRequest += 1
            return nil
        }
        guard let own = hardwareAddresses[index], isClaimed(request.target, on: index) else {
            counters.dropped.notClaimed += 1
            return nil
        }
        guard request.isFor(own) else {
            counters.dropped.otherDestination += 1
            return nil
        }
        guard request.sender != .zero, !request.sender.isMulticast else {
            counters.dropped.invalidSender += 1
            return nil
        }
        guard request.sender != own, request.source != own, !hardwareAddresses.values.contains(request.sender) else {
            counters.dropped.ownSender += 1
            return nil
        }
        guard !isClaimed(request.senderAddress, on: index) else {
            counters.dropped.conflict += 1
            return nil
        }
        counters.replies += 1
        return request.answer(own)
    }

    /// Sends what is due on the interfaces, and asks to be woken for what is due next.
    private mutating func announce(on indexes: [UInt32], at now: Instant, _ rng: inout PRNG) -> [Directive] {
        var directives: [Directive] = []
        var earliest: Instant?
        for index in indexes {
            guard let own = hardwareAddresses[index] else { continue }
            for address in announcements[index]?.next(at: now, refreshInterval: refreshInterval, using: &rng) ?? [] {
                let frames = Frame.announcement(of: address, at: own)
                directives += frames.map { .send($0, on: index) }
                counters.gratuitous += UInt64(frames.count)
            }
            if let due = announcements[index]?.wake(at: now) { earliest = min(earliest ?? due, due) }
        }
        if let earliest, earliest < wakeAt ?? Instant(nanoseconds: .max) {
            wakeAt = earliest
            directives.append(.wake(at: earliest))
        }
        return directives
    }
}
