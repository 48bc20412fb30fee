public import EventLoop
public import System
public import Wire

/// Carries the directives of an `Instance` out: its port, its connections, its timer, and the keys and nonces that all of it
/// is encrypted with.
public final class Transport {
    /// Told what the Instance has learnt.
    public var onReport: (Report) -> Void = { _ in }
    /// Told why the port cannot be opened, and nil once it can.
    public var onTrouble: (Errno?) -> Void = { _ in }
    /// Told the messages that others have sent by `sendDirectly` or `sendToNetwork`, where they came from, and how long ago.
    public var onDirect: ([UInt8], SocketAddress, Duration) -> Void = { _, _, _ in }
    /// What has been counted since the start.
    public private(set) var counters = TransportCounters()
    /// Who sent the last thing that no key opened.
    public private(set) var lastRefused: SocketAddress?

    /// User messages that begin with one of these bytes go from one member to another, and are no gossip.
    public static let directKinds: ClosedRange<UInt8> = 1...15
    /// Whom `sendToNetwork` reaches: all that listen on the link (RFC 4727 section 2.4.2: an address for experiments).
    private static let group = IPAddress.v4(IPv4Address(rawValue: 0xE000_00FE))

    /// The bytes of a nonce of AES-GCM.
    private static let nonceBytes = 12

    private let loop: Loop
    private var instance: Instance
    private var rng: PRNG
    private var keys: Keys
    private var port: Port?
    private var groupPort: GroupPort?
    private var timer: Timer?
    private var events = Mailbox<Event>()
    /// The connections by their numbers; those of connections that were begun are the Instance's own.
    private var accepted: [Int: Stream] = [:]
    private var begun: [Int: Begun] = [:]
    private var lastAccepted = 0

    /// A connection that was begun, and what for.
    private struct Begun {
        var request: StreamMessage
        var stream: Stream
        /// Whether the short key is in use since the long one got no answer.
        var isSecondTry: Bool
    }

    /// The member `name`, whom the others reach at `address`, before it begins. It listens at `local`; the secrets are what
    /// `use` takes, and nil for a group that encrypts nothing. Once something has come by `sendToNetwork`, nobody is woken for
    /// more of it for as long as `networkRest`: whoever calls `receiveAll` more often than that reads it when it is awake
    /// anyway. What the Instance waits for may come later by up to `timerSlack`, together with something else.
    ///
    /// - Throws: `Errno` where the kernel has no random numbers, or the loop takes no timer.
    public init(
        loop: Loop, name: String, address: SocketAddress, listeningAt local: SocketAddress, secret: [UInt8]?,
        accepting others: [[UInt8]] = [], timing: Timing = .lan, networkRest: Duration = .zero,
        timerSlack: Duration = .zero
    ) throws(Errno) {
        self.loop = loop
        instance = Instance(name: name, address: address, metadata: Member.mark, timing: timing)
        rng = PRNG(seed: try Random.seed())
        keys = Keys(secret, accepting: others)
        timer = try loop.timer(slack: timerSlack) { [unowned self] in
            // Nobody is to be blamed for an answer that was not read.
            receiveAll()
            handle(.timer)
        }
        port = try Port(
            loop, at: local, onDatagram: { [unowned self] bytes, source in receive(bytes, from: source) },
            onConnection: { [unowned self] (socket: consuming TCPSocket) in accept(socket) },
            onTrouble: { [unowned self] error in
                onTrouble(error)
                guard error == nil else { return }
                groupPort?.open()
                // Not before: what is told of this node would be answered to a port that others have.
                handle(.started)
            })
        guard address.address.family == .ipv4 else { return }
        groupPort = try GroupPort(loop, group: SocketAddress(Self.group, port: address.port), rest: networkRest) {
            [unowned self] bytes, source, age in
            receive(bytes, from: source, age: age)
        }
    }

    /// What the Instance has done and met.
    public var instanceCounters: Counters { instance.counters }

    /// Where it listens; nil while it cannot.
    public var localAddress: SocketAddress? { port?.address }

    /// Begins, once the port can be opened.
    public func open() {
        port?.open()
    }

    /// Encrypts with `secret` from now on, and accepts what is encrypted with that or with one of the `others`.
    public func use(_ secret: [UInt8]?, accepting others: [[UInt8]] = []) {
        keys.replace(secret, accepting: others)
    }

    /// Hands an event to the Instance.
    public func handle(_ event: Event) {
        events.append(event)
        while let event = events.begin() {
            for directive in instance.handle(event, at: loop.now, using: &rng) { carryOut(directive) }
            events.end()
        }
    }

    private func carryOut(_ directive: Directive) {
        switch directive {
        case .send(let messages, to: let address): send(messages, to: address)
        case .exchange(let state, with: let address, id: let id):
            begin(.pushPull(state), with: address, id: id)
        case .pingByStream(let ping, to: let address, id: let id, until: let instant):
            begin(.ping(ping), with: address, id: id, until: instant)
        case .answer(let state, id: let id): answer(.pushPull(state), id: id)
        case .acknowledge(let ack, id: let id): answer(.ack(ack), id: id)
        case .wake(at: let instant): timer?.arm(at: instant)
        case .report(let report):
            if case .changed = report { keys.learn(instance.members) }
            onReport(report)
        }
    }

    // MARK: Direct messages

    /// Takes what waits at the ports: nobody is to be blamed for a sign of life that was not read.
    public func receiveAll() {
        port?.receive()
        groupPort?.receive()
    }

    /// Hears by these interfaces what others send to the network.
    public func hear(on interfaces: Set<UInt32>) {
        groupPort?.hear(on: interfaces)
    }

    /// Sends a message that begins with one of the `directKinds` to a member.
    public func sendDirectly(_ bytes: [UInt8], to address: SocketAddress) {
        send([.user(bytes)], to: address)
    }

    /// Sends a message that begins with one of the `directKinds` to all members on the links of these interfaces.
    public func sendToNetwork(_ bytes: [UInt8], by interfaces: Set<UInt32>) {
        guard groupPort != nil, let local = port?.address else { return }
        for index in interfaces.sorted() {
            do {
                // By the long key: a member that knows the short one alone has no use for it.
                let bytes = try keys.long.encode([.user(bytes)], nonce: Random.bytes(Self.nonceBytes))
                try port?.send(bytes, to: SocketAddress(Self.group, port: local.port), by: index)
                counters.sent += 1
            } catch {
                counters.sendErrors += 1
            }
        }
    }

    // MARK: Datagrams

    private func send(_ messages: [Message], to address: SocketAddress) {
        do {
            let bytes = try keys.sending(at: loop.now).encode(messages, nonce: Random.bytes(Self.nonceBytes))
            try port?.send(bytes, to: address)
            counters.sent += 1
        } catch {
            counters.sendErrors += 1
        }
    }

    private func receive(_ bytes: ArraySlice<UInt8>, from source: SocketAddress, age: Duration = .zero) {
        do throws(SWIMError) {
            let datagram = try keys.read(bytes, from: source, at: loop.now)
            counters.received += 1
            counters.malformed += UInt64(datagram.errors.count)
            var messages: [Message] = []
            for message in datagram.messages {
                if case .user(let bytes) = message, let kind = bytes.first, Self.directKinds.contains(kind) {
                    onDirect(bytes, source, age)
                } else {
                    messages.append(message)
                }
            }
            // From one that is no member, whatever comes is a sign of life.
            if !messages.isEmpty || !instance.hasMember(at: source) { handle(.received(messages, from: source)) }
        } catch {
            count(error, from: source)
        }
    }

    /// Counts what came and was of no use.
    private func count(_ error: SWIMError, from source: SocketAddress) {
        switch error {
        case .notDecryptable, .notEncrypted, .isEncrypted:
            counters.undecryptable += 1
            lastRefused = source
        default:
            counters.malformed += 1
        }
    }

    // MARK: Connections that others begin

    private func accept(_ socket: consuming TCPSocket) {
        let peer = socket.peer
        let countFromPeer = accepted.values.count { $0.peer.address == peer.address }
        guard accepted.count < TransportLimit.accepted, countFromPeer < TransportLimit.acceptedFromOne else {
            counters.refusedConnections += 1
            return
        }
        lastAccepted += 1
        let id = lastAccepted
        let stream = Stream(
            socket, isConnecting: false, loop: loop, reader: StreamReader(keys, .request),
            onMessage: { [unowned self] result in received(result, onAccepted: id) },
            onEnd: { [unowned self] _ in accepted[id] = nil })
        accepted[id] = stream
        do throws(Errno) {
            try stream.open(until: loop.now.advanced(by: TransportLimit.streamTime))
        } catch {
            accepted[id] = nil
        }
    }

    private func received(_ result: Result<StreamReader.Reading, SWIMError>, onAccepted id: Int) {
        guard let stream = accepted[id] else { return }
        switch take(result, from: stream.peer) {
        case .pushPull(let state): handle(.pushed(state, id: id, from: stream.peer))
        case .ping(let ping): handle(.pinged(ping, id: id))
        case .user(let bytes): handle(.received([.user(bytes)], from: stream.peer))
        case .ack, .error, nil: break
        }
        // What is not answered is over.
        if !stream.isEnding { accepted.removeValue(forKey: id)?.close() }
    }

    private func answer(_ message: StreamMessage, id: Int) {
        guard let stream = accepted[id], let bytes = encode(message, .answer) else { return }
        stream.send(bytes, isLast: true)
    }

    // MARK: Connections that this node begins

    private func begin(
        _ request: StreamMessage, with address: SocketAddress, id: Int, until deadline: Instant? = nil,
        isSecondTry: Bool = false
    ) {
        guard begun.count < TransportLimit.begun, let bytes = encode(request, .request, usesShortKey: isSecondTry)
        else {
            return tell(request, nil, id: id)
        }
        do throws(Errno) {
            let stream = Stream(
                try TCPSocket(connectingTo: address), isConnecting: true, loop: loop,
                reader: StreamReader(keys, .answer),
                onMessage: { [unowned self] result in received(result, onBegun: id) },
                onEnd: { [unowned self] wasConnected in ended(id, nil, wasConnected: wasConnected) })
            begun[id] = Begun(request: request, stream: stream, isSecondTry: isSecondTry)
            stream.send(bytes, isLast: false)
            try stream.open(until: deadline ?? loop.now.advanced(by: TransportLimit.streamTime))
        } catch {
            begun[id] = nil
            tell(request, nil, id: id)
        }
    }

    private func received(_ result: Result<StreamReader.Reading, SWIMError>, onBegun id: Int) {
        guard let stream = begun[id]?.stream else { return }
        let answer = take(result, from: stream.peer)
        stream.close()
        ended(id, answer, wasConnected: true)
    }

    /// A connection has ended, with an answer or without.
    private func ended(_ id: Int, _ answer: StreamMessage?, wasConnected: Bool) {
        guard let connection = begun.removeValue(forKey: id) else { return }
        switch (connection.request, answer) {
        case (.pushPull, .pushPull?):
            tell(connection.request, answer, id: id)
        case (.pushPull, _) where wasConnected && !connection.isSecondTry:
            // Somebody listens and does not understand: perhaps it knows the short key alone.
            begin(connection.request, with: connection.stream.peer, id: id, isSecondTry: true)
        default:
            tell(connection.request, answer, id: id)
        }
    }

    /// Tells the Instance how what it has asked for ended.
    private func tell(_ request: StreamMessage, _ answer: StreamMessage?, id: Int) {
        switch (request, answer) {
        case (.pushPull, .pushPull(let state)?): handle(.pulled(state, id: id))
        case (.pushPull, _): handle(.pulled(nil, id: id))
        case (.ping(let ping), .ack(let ack)?):
            handle(.streamAnswered(isAnswered: ack.sequence == ping.sequence, id: id))
        default: handle(.streamAnswered(isAnswered: false, id: id))
        }
    }

    // MARK: What goes over connections

    /// The message that came from `peer`; nil where none could be read.
    private func take(
        _ result: Result<StreamReader.Reading, SWIMError>, from peer: SocketAddress
    ) -> StreamMessage? {
        switch result {
        case .success(let reading):
            counters.received += 1
            if reading.usesShortKey { keys.shortKeyUsed(by: peer, at: loop.now) }
            return reading.message
        case .failure(let error):
            count(error, from: peer)
            return nil
        }
    }

    private func encode(
        _ message: StreamMessage, _ direction: Codec.Direction, usesShortKey: Bool = false
    ) -> [UInt8]? {
        do {
            let codec = usesShortKey ? keys.short : keys.sending(at: loop.now)
            let bytes = try codec.encode(message, direction, nonce: Random.bytes(Self.nonceBytes))
            counters.sent += 1
            return bytes
        } catch {
            counters.sendErrors += 1
            return nil
        }
    }
}
