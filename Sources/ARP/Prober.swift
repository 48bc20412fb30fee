public import Wire

/// Finds out whether addresses are in use, before anybody is given them: RFC 5227 section 2.1.1 for IPv4, and duplicate address
/// detection (RFC 4862 section 5.4) at the same pace for IPv6.
///
/// Many addresses are probed at once, at `frameInterval` between any two frames and in the order in which they were asked for;
/// what is known of them comes in that order too. The random times are drawn once for all that are under way: they keep hosts
/// apart that are switched on together, and addresses of one host need not be.
public struct Prober: Sendable {
    /// PROBE_WAIT: the longest time before the first probe.
    public static let probeWait = Duration.seconds(1)
    /// PROBE_NUM.
    public static let probeCount = 3
    /// PROBE_MIN and PROBE_MAX: between two probes for an address.
    public static let probeInterval = (least: Duration.seconds(1), most: Duration.seconds(2))
    /// ANNOUNCE_WAIT: from the last probe until the address counts as free.
    public static let announceWait = Duration.seconds(2)
    /// Between any two frames: 50 a second.
    public static let frameInterval = Duration.milliseconds(20)
    /// One station is told of for one address so often at most.
    private static let sightingPause = Duration.seconds(1)
    /// Sightings that are kept.
    private static let sightingLimit = 1_024
    /// Addresses under way and waiting; one more has failed.
    public static let probeLimit = 1_024

    /// What happens to a prober.
    public enum Event: Hashable, Sendable {
        /// The Ethernet addresses of all interfaces that frames can leave by, by index; replaces what was told before.
        case interfaces([UInt32: MACAddress])
        /// Probe. What is under way is not begun anew.
        case probe(Probe)
        /// The frame of the last `Directive.send` for this probe could not be sent.
        case unsent(Probe)
        /// Tell of everybody who has an address of these ranges, or is about to take one, whether it is probed or not;
        /// replaces what was told before.
        case watch([AddressRange])
        /// A whole Ethernet frame came in on the interface with this index.
        case received(ArraySlice<UInt8>, on: UInt32)
        /// The instant of the last `Directive.wake` has come; also harmless at any other time.
        case timer
    }

    /// What has come of a probe.
    public enum Report: Hashable, Sendable {
        /// Nobody has said that the address is his.
        case free(Probe)
        /// This station has the address, or probes for it itself.
        case used(Probe, by: MACAddress)
        /// It could not be sent.
        case failed(Probe)
        /// This station has an address that is watched, or is about to take it; told once a second.
        case seen(Probe, by: MACAddress)

        /// What it is about.
        public var probe: Probe {
            switch self {
            case .free(let probe), .used(let probe, by: _), .failed(let probe), .seen(let probe, by: _): probe
            }
        }
    }

    /// What a prober asks of its shell, to be carried out in order.
    public enum Directive: Hashable, Sendable {
        /// Send the frame on the probe's interface.
        case send(Frame, for: Probe)
        /// Send `Event.timer` at this instant; replaces the instant asked for before.
        case wake(at: Instant)
        /// Tell whoever has asked.
        case report(Report)
    }

    /// A probe that has begun.
    private struct Inquiry {
        var sentCount = 0
        /// When the next frame is due, or after the last one the end.
        var dueAt: Instant
    }

    /// Who has been seen at an address.
    private struct Sighting: Hashable {
        var probe: Probe
        var station: MACAddress
    }

    private var stations: [UInt32: MACAddress] = [:]
    private var watched: [AddressRange] = []
    /// When each was told of.
    private var sightings: [Sighting: Instant] = [:]
    private var inquiries: [Probe: Inquiry] = [:]
    /// Those that have begun, in the order of what is due next. The times between are the same for all, so that those with
    /// as many frames behind them stay in order.
    private var queues = [[Probe]](repeating: [], count: probeCount + 1)
    /// When the first of those that wait may begin.
    private var beginsAt = Instant.zero
    private var interval = Duration.zero
    /// The next frame leaves no sooner.
    private var nextFrameAt = Instant.zero
    private var wakeAt: Instant?

    /// A prober that knows no interface.
    public init() {}

    /// Whether answers are waited for on the interface with this index.
    public func isProbing(on index: UInt32) -> Bool { inquiries.keys.contains { $0.interfaceIndex == index } }

    /// Takes an event in and gives what is to be done about it, in order.
    public mutating func handle(_ event: Event, at now: Instant, using rng: inout PRNG) -> [Directive] {
        var directives: [Directive] = []
        switch event {
        case .interfaces(let stations):
            self.stations = stations
        case .probe(let probe):
            guard inquiries[probe] == nil else { return [] }
            guard inquiries.count < Self.probeLimit, stations[probe.interfaceIndex] != nil else {
                return [.report(.failed(probe))]
            }
            if inquiries.isEmpty { draw(at: now, using: &rng) }
            inquiries[probe] = Inquiry(dueAt: beginsAt)
            queues[0].append(probe)
            act(at: now, &directives)
        case .unsent(let probe):
            end(probe, .failed(probe), &directives)
        case .watch(let ranges):
            watched = ranges
            if ranges.isEmpty { sightings = [:] }
        case .received(let bytes, on: let index):
            hear(bytes, on: index, at: now, &directives)
        case .timer:
            wakeAt = nil
            act(at: now, &directives)
        }
        return directives
    }

    private mutating func draw(at now: Instant, using rng: inout PRNG) {
        beginsAt = now.advanced(by: .nanoseconds(Int64.random(in: 0...Self.probeWait.nanoseconds, using: &rng)))
        let (least, most) = Self.probeInterval
        interval = .nanoseconds(Int64.random(in: least.nanoseconds...most.nanoseconds, using: &rng))
    }

    private mutating func end(_ probe: Probe, _ report: Report, _ directives: inout [Directive]) {
        guard let inquiry = inquiries.removeValue(forKey: probe) else { return }
        queues[inquiry.sentCount].removeAll { $0 == probe }
        directives.append(.report(report))
    }
}

extension Prober {
    // MARK: Time

    /// Sends what is due, one frame for each interval, and ends what is over.
    private mutating func act(at now: Instant, _ directives: inout [Directive]) {
        var reports: [Directive] = []
        while let probe = queues[Self.probeCount].first, let inquiry = inquiries[probe], inquiry.dueAt <= now {
            end(probe, stations[probe.interfaceIndex] == nil ? .failed(probe) : .free(probe), &reports)
        }
        if nextFrameAt <= now, let probe = nextToSend(at: now) {
            nextFrameAt = now.advanced(by: Self.frameInterval)
            send(probe, at: now, &directives)
        }
        directives += reports
        guard let next = nextDeadline, next != wakeAt else { return }
        wakeAt = next
        directives.append(.wake(at: next))
    }

    /// Of the addresses whose next frame is due, the one that is nearest to its end: what has begun is kept to its times.
    private func nextToSend(at now: Instant) -> Probe? {
        queues.dropLast().reversed().lazy.compactMap(\.first).first { probe in
            inquiries[probe].map { $0.dueAt <= now } ?? false
        }
    }

    private mutating func send(_ probe: Probe, at now: Instant, _ directives: inout [Directive]) {
        guard var inquiry = inquiries[probe], let own = stations[probe.interfaceIndex] else {
            return end(probe, .failed(probe), &directives)
        }
        queues[inquiry.sentCount].removeFirst()
        inquiry.sentCount += 1
        inquiry.dueAt = now.advanced(by: inquiry.sentCount < Self.probeCount ? interval : Self.announceWait)
        queues[inquiry.sentCount].append(probe)
        inquiries[probe] = inquiry
        directives.append(.send(.probe(for: probe.address, from: own), for: probe))
    }

    private var nextDeadline: Instant? {
        let heads = queues.map { queue in queue.first.flatMap { inquiries[$0]?.dueAt } }
        let frame = heads.dropLast().compactMap { $0 }.min().map { max($0, nextFrameAt) }
        return [heads.last ?? nil, frame].compactMap { $0 }.min()
    }

    // MARK: Frames

    /// Takes a frame; what says nothing about an address that is looked for is dropped.
    private mutating func hear(
        _ bytes: ArraySlice<UInt8>, on index: UInt32, at now: Instant, _ directives: inout [Directive]
    ) {
        guard let frame = try? Frame(bytes), let (address, station) = frame.bearer else { return }
        // An interface of this node's may hear what another one of them sends.
        guard station != .zero, !station.isMulticast, !stations.values.contains(station) else { return }
        let probe = Probe(address, on: index)
        guard inquiries[probe] == nil else { return end(probe, .used(probe, by: station), &directives) }
        guard watched.contains(where: { $0.contains(address) }) else { return }
        let sighting = Sighting(probe: probe, station: station)
        if let last = sightings[sighting], last.duration(to: now) < Self.sightingPause { return }
        if sightings.count >= Self.sightingLimit { sightings = [:] }
        sightings[sighting] = now
        directives.append(.report(.seen(probe, by: station)))
    }
}

extension Frame {
    /// An address, and the station that has it by what the frame says, or is about to take it (RFC 5227 section 2.1.1).
    fileprivate var bearer: (IPAddress, MACAddress)? {
        switch self {
        case .arp(let frame):
            let packet = frame.packet
            if packet.senderProtocolAddress != .unspecified {
                return (.v4(packet.senderProtocolAddress), packet.senderHardwareAddress)
            }
            guard packet.operation == .request else { return nil }
            return (.v4(packet.targetProtocolAddress), packet.senderHardwareAddress)
        case .ndp(let frame):
            switch frame.message {
            case .advertisement(let message):
                return (.v6(message.target), message.targetHardwareAddress ?? frame.source)
            case .solicitation(let message):
                return frame.sourceAddress == .unspecified ? (.v6(message.target), frame.source) : nil
            }
        }
    }
}
