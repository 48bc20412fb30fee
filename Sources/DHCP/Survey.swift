public import Wire

/// Finds out which addresses the DHCP servers of some networks would hand out: a few clients that there are not ask for one
/// (DHCPDISCOVER, RFC 2131 section 4.4.1), and take none. Servers forget what they have offered within minutes.
///
/// On each interface several ask, each under a name of its own, so that the offers show something of the range. They ask one
/// right after the other, since a server may take its time with each: it looks first whether an address is in use.
public struct Survey: Sendable {
    /// Clients that ask on each interface.
    public static let clientCount = 3
    /// Between the questions of two.
    public static let interval = Duration.milliseconds(200)
    /// For so long after the first question a first offer is waited for on each interface. Servers look for three seconds whether
    /// an address is in use.
    public static let patience = Duration.milliseconds(4_500)
    /// For so long all offers are waited for on an interface, where there is one.
    public static let limit = Duration.milliseconds(7_500)
    /// After everybody on an interface has an offer, others are waited for so long: there may be a second server.
    public static let settlingTime = Duration.seconds(1)
    /// Interfaces that are asked on; more are not.
    public static let interfaceLimit = 16
    /// Offers that are kept.
    public static let offerLimit = 64

    /// What happens to a survey.
    public enum Event: Hashable, Sendable {
        /// Ask on these interfaces, by index, each with its Ethernet address. Once for each survey.
        case start([UInt32: MACAddress])
        /// The frame of the last `Directive.send` on this interface could not be sent.
        case unsent(on: UInt32)
        /// A whole Ethernet frame came in on the interface with this index.
        case received(ArraySlice<UInt8>, on: UInt32)
        /// The instant of the last `Directive.wake` has come; also harmless at any other time.
        case timer
    }

    /// What a survey asks of its shell, to be carried out in order.
    public enum Directive: Hashable, Sendable {
        /// Send the frame on the interface with this index.
        case send(Frame, on: UInt32)
        /// Send `Event.timer` at this instant; replaces the instant asked for before.
        case wake(at: Instant)
        /// It is over: the offers, ascending, and the interfaces on which nothing could be asked, ascending.
        case ended(offers: [Offer], unasked: [UInt32])
    }

    /// A client that there is not.
    private struct Client: Hashable {
        var interfaceIndex: UInt32
        var transactionID: UInt32
        var hardwareAddress: MACAddress
        var hasOffer = false
    }

    private var stations: [UInt32: MACAddress] = [:]
    private var clients: [Client] = []
    private var sentCounts: [UInt32: Int] = [:]
    private var offers: Set<Offer> = []
    private var round = 0
    private var nextRoundAt: Instant?
    private var wakeAt: Instant?
    /// nil before it has begun, and once it is over.
    private var begunAt: Instant?
    /// When the last offer came, by interface.
    private var offeredAt: [UInt32: Instant] = [:]

    /// A survey that has not begun.
    public init() {}

    /// Takes an event in and gives what is to be done about it, in order.
    public mutating func handle(_ event: Event, at now: Instant, using rng: inout PRNG) -> [Directive] {
        var directives: [Directive] = []
        switch event {
        case .start(let stations):
            let chosen = stations.sorted { $0.key < $1.key }.prefix(Self.interfaceLimit)
            self.stations = Dictionary(uniqueKeysWithValues: chosen.map { ($0.key, $0.value) })
            begunAt = now
            nextRoundAt = now
            act(at: now, using: &rng, &directives)
        case .unsent(on: let index):
            sentCounts[index, default: 0] -= 1
        case .received(let bytes, on: let index):
            hear(bytes, on: index, at: now)
            act(at: now, using: &rng, &directives)
        case .timer:
            wakeAt = nil
            act(at: now, using: &rng, &directives)
        }
        return directives
    }

    private mutating func act(at now: Instant, using rng: inout PRNG, _ directives: inout [Directive]) {
        guard let begunAt else { return }
        if let due = nextRoundAt, due <= now, !stations.isEmpty {
            ask(using: &rng, &directives)
            round += 1
            nextRoundAt = round < Self.clientCount ? now.advanced(by: Self.interval) : nil
        }
        let endsAt = stations.keys.map { end(on: $0, begunAt: begunAt) }.max() ?? now
        guard endsAt > now else {
            self.begunAt = nil
            let unasked = stations.keys.filter { sentCounts[$0, default: 0] <= 0 }.sorted()
            directives.append(.ended(offers: offers.sorted(), unasked: unasked))
            return
        }
        let next = min(nextRoundAt ?? endsAt, endsAt)
        guard next != wakeAt else { return }
        wakeAt = next
        directives.append(.wake(at: next))
    }

    /// Until when answers are waited for on an interface.
    private func end(on index: UInt32, begunAt: Instant) -> Instant {
        guard let offeredAt = offeredAt[index] else { return begunAt.advanced(by: Self.patience) }
        let isWhole = nextRoundAt == nil && clients.allSatisfy { $0.hasOffer || $0.interfaceIndex != index }
        let latest = begunAt.advanced(by: Self.limit)
        return isWhole ? min(offeredAt.advanced(by: Self.settlingTime), latest) : latest
    }

    /// One client more on each interface.
    private mutating func ask(using rng: inout PRNG, _ directives: inout [Directive]) {
        for (index, station) in stations.sorted(by: { $0.key < $1.key }) {
            let client = Client(
                interfaceIndex: index, transactionID: rng.next32(), hardwareAddress: .local(rng.next()))
            clients.append(client)
            sentCounts[index, default: 0] += 1
            directives.append(
                .send(.discover(client.hardwareAddress, client.transactionID, from: station), on: index))
        }
    }

    /// Takes an offer to one of the clients; anything else is dropped.
    private mutating func hear(_ bytes: ArraySlice<UInt8>, on index: UInt32, at now: Instant) {
        guard begunAt != nil, let frame = try? Frame(bytes), frame.sourcePort == Frame.serverPort,
            frame.message.operation == .reply, frame.message.kind == .offer,
            frame.message.yourAddress != .unspecified, offers.count < Self.offerLimit,
            let number = clients.firstIndex(where: {
                $0.interfaceIndex == index && $0.transactionID == frame.message.transactionID
                    && $0.hardwareAddress == frame.message.clientHardwareAddress
            })
        else { return }
        clients[number].hasOffer = true
        offers.insert(
            Offer(
                interfaceIndex: index, server: frame.message.serverIdentifier ?? frame.sourceAddress,
                station: frame.source, address: frame.message.yourAddress))
        offeredAt[index] = now
    }
}

extension Frame {
    /// The question of a client to all servers, sent from the interface `station`, whose own address a WiFi needs to see.
    fileprivate static func discover(
        _ client: MACAddress, _ transactionID: UInt32, from station: MACAddress
    ) -> Frame {
        var identifier = ByteWriter(capacity: 7)
        // Hardware type Ethernet, and the address.
        identifier.write(UInt8(1))
        identifier.write(client)
        let wanted: [Option.Code] = [.subnetMask, .router]
        return Frame(
            destination: .broadcast, source: station, sourceAddress: .unspecified,
            destinationAddress: .limitedBroadcast,
            sourcePort: Frame.clientPort, destinationPort: Frame.serverPort,
            message: Message(
                operation: .request, transactionID: transactionID, isBroadcast: true, clientHardwareAddress: client,
                options: [
                    Option(.messageType, [Message.Kind.discover.rawValue]),
                    Option(.clientIdentifier, identifier.bytes),
                    Option(.parameterRequestList, wanted.map(\.rawValue)),
                ]))
    }
}

extension MACAddress {
    /// A station's address that no maker has given: locally administered, and not a group's (IEEE 802, section 8.2).
    fileprivate static func local(_ bits: UInt64) -> MACAddress {
        MACAddress(rawValue: bits & ~(0x03 << 40) | 0x02 << 40)
    }
}

extension PRNG {
    fileprivate mutating func next32() -> UInt32 { UInt32(truncatingIfNeeded: next()) }
}
