import Wire

@testable import BGP

/// One Session, a clock that the test moves, and a peer whose every word is the test's to say. What is sent is out at once
/// unless `isBlocked`.
struct Rig {
    static let localASN: UInt32 = 64_512
    static let peerASN: UInt32 = 64_513

    var session: Session
    var now = Instant.zero
    /// All directives since the last `clear`.
    var directives: [Directive] = []
    var isBlocked = false
    private(set) var wakeAt: Instant?
    private var rng = PRNG(seed: 1)
    /// What the peer can read, and how.
    var codec = Codec()

    init(_ settings: Settings = .test) {
        session = Session(settings)
        codec.isInternal = settings.isInternal
    }

    /// A session that is established with a peer that says this.
    static func established(
        _ settings: Settings = .test, _ open: Open = .peer(), localAddress: IPAddress = "192.0.2.1"
    ) -> Rig {
        var rig = Rig(settings)
        rig.send(.start)
        rig.send(.connected(1, localAddress: localAddress))
        rig.receive(.open(open))
        rig.receive(.keepalive)
        rig.clear()
        return rig
    }

    mutating func clear() { directives = [] }

    /// Hands an event over; returns what was asked for.
    @discardableResult mutating func send(_ event: Event) -> [Directive] {
        if case .timer = event { wakeAt = nil }
        let asked = session.handle(event, at: now, using: &rng)
        directives += asked
        var sent: Set<Int> = []
        for directive in asked {
            switch directive {
            case .wake(let at): wakeAt = at
            case .send(_, on: let id): sent.insert(id)
            case .close(let id): sent.remove(id)
            default: break
            }
        }
        return isBlocked ? asked : sent.sorted().reduce(asked) { $0 + send(.drained($1)) }
    }

    @discardableResult mutating func receive(_ message: Message, on id: Int = 1) -> [Directive] {
        receive(Codec().encode(message), on: id)
    }

    @discardableResult mutating func receive(_ bytes: [UInt8], on id: Int = 1) -> [Directive] {
        send(.received(bytes[...], on: id))
    }

    /// Lets time pass, with a timer event wherever one was asked for.
    mutating func pass(_ duration: Duration) {
        let end = now.advanced(by: duration)
        while let at = wakeAt, at <= end {
            now = max(now, at)
            send(.timer)
        }
        now = end
    }

    /// Lets time pass in which this process does not run.
    mutating func stopProcess(for duration: Duration) { now = now.advanced(by: duration) }

    // MARK: What has come of it

    /// The messages that were sent on a connection.
    func messages(on id: Int = 1) -> [Message] { Self.messages(directives, on: id, codec) }

    static func messages(_ directives: [Directive], on id: Int = 1, _ codec: Codec = Codec()) -> [Message] {
        var decoder = StreamDecoder()
        var messages: [Message] = []
        for case .send(let bytes, on: id) in directives {
            decoder.append(bytes)
            while let message = try? decoder.next(codec) { messages.append(message) }
        }
        return messages
    }

    var updates: [Update] {
        messages().compactMap { if case .update(let update) = $0 { update } else { nil } }
    }

    var notifications: [Notification] {
        messages().compactMap { if case .notification(let notification) = $0 { notification } else { nil } }
    }

    var reports: [Report] {
        directives.compactMap { if case .report(let report) = $0 { report } else { nil } }
    }

    /// What the peer knows after the updates that were sent to it, if it knew this.
    func table(after known: [Prefix: PathAttributes] = [:]) -> [Prefix: PathAttributes] {
        updates.reduce(into: known) { table, update in
            for prefix in update.withdrawn + (update.unreach?.prefixes ?? []) { table[prefix] = nil }
            for prefix in update.announced + (update.reach?.prefixes ?? []) { table[prefix] = update.attributes }
        }
    }
}

extension Settings {
    static let test = Settings(localASN: Rig.localASN, peerASN: Rig.peerASN, routerID: "10.0.0.1")
    static let internalTest = Settings(localASN: Rig.localASN, peerASN: Rig.localASN, routerID: "10.0.0.1")
}

extension Open {
    /// The OPEN of a peer that can do what lbd can.
    static func peer(
        asn: UInt32 = Rig.peerASN, holdTimeSeconds: UInt16 = 90, routerID: IPv4Address = "10.0.0.9",
        restarts: Bool = true
    ) -> Open {
        var capabilities: [Capability] = [
            .multiprotocol(.ipv4Unicast), .multiprotocol(.ipv6Unicast), .routeRefresh,
            .extendedNextHop([.ipv4OverIPv6]),
        ]
        if restarts {
            capabilities.append(
                .gracefulRestart(GracefulRestart(isRestarting: false, restartTimeSeconds: 120, families: [])))
        }
        return Open(asn: asn, holdTimeSeconds: holdTimeSeconds, routerID: routerID, capabilities: capabilities)
    }

    func adding(_ capability: Capability) -> Open {
        var open = self
        open.capabilities.append(capability)
        return open
    }
}
