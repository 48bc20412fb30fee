public import EventLoop
public import System
internal import Wire

/// A Session with its sockets: one peering as it runs. It connects by itself; what comes from a `Listener` it is given.
public final class Transport {
    /// How the peer is reached.
    public let way: Way
    /// The Session, for those who look.
    public private(set) var session: Session
    /// Told what the Session has met. `Report.ended` comes when all that the peer is to hear is out.
    public var onReport: (Report) -> Void = { _ in }

    private let loop: Loop
    private var rng: PRNG
    private var timer: EventLoop.Timer?
    private var streams: [Int: Stream] = [:]
    /// Those that the Session has closed, until what it sent last is out. A new one comes no faster than the Session's
    /// pauses between two tries allow: there are never more than a few.
    private var ending: [Int: Stream] = [:]
    /// The peer's own connection, until the Session has said whether to take it.
    private var waiting: TCPSocket?
    private var hasEnded = false
    private var events = Mailbox<Event>()

    /// The peering with who listens at the end of `way`, not begun yet.
    ///
    /// - Throws: `Errno` where the kernel has no random numbers, or the loop takes no timer.
    public init(_ settings: Settings, _ way: Way, loop: Loop) throws(Errno) {
        self.way = way
        self.loop = loop
        session = Session(settings)
        rng = PRNG(seed: try Random.seed())
        timer = try loop.timer { [unowned self] in handle(.timer) }
    }

    /// Hands an event to the Session.
    public func handle(_ event: Event) {
        events.append(event)
        while let event = events.begin() {
            for directive in session.handle(event, at: loop.now, using: &rng) { carryOut(directive) }
            events.end()
        }
        tellEnd()
    }

    /// Hands over a connection that the peer has made, with the key of `way`.
    public func accept(_ socket: consuming TCPSocket) {
        do throws(Errno) {
            try socket.limit(by: way.options)
            let address = try socket.localAddress().address
            waiting = consume socket
            handle(.accepted(localAddress: address))
        } catch {
            // It broke meanwhile: as if it had never come.
        }
    }

    private func carryOut(_ directive: Directive) {
        switch directive {
        case .connect(let id): connect(id)
        case .take(let id): take(id)
        case .refuse: waiting = nil
        case .send(let bytes, on: let id): streams[id]?.send(bytes)
        case .close(let id): close(id)
        case .wake(at: let instant): timer?.arm(at: instant)
        case .report(.ended): hasEnded = true
        case .report(let report): onReport(report)
        }
    }

    private func connect(_ id: Int) {
        do throws(Errno) {
            let socket = try TCPSocket(connectingTo: way.peer, from: way.source, with: way.options)
            try open(socket, isConnected: false, id)
        } catch {
            handle(.connectFailed(id, error.reason))
        }
    }

    private func take(_ id: Int) {
        guard let socket = waiting.take() else { return handle(.closed(id, nil)) }
        do throws(Errno) { try open(socket, isConnected: true, id) } catch { handle(.closed(id, error.reason)) }
    }

    private func open(_ socket: consuming TCPSocket, isConnected: Bool, _ id: Int) throws(Errno) {
        let stream = Stream(socket, isConnected: isConnected, loop: loop) { [unowned self] news in take(news, on: id) }
        try stream.open()
        streams[id] = stream
    }

    private func close(_ id: Int) {
        guard let stream = streams.removeValue(forKey: id) else { return }
        ending[id] = stream
        stream.finish()
    }

    private func take(_ news: Stream.News, on id: Int) {
        switch news {
        case .connected(let address): handle(.connected(id, localAddress: address))
        case .failed(let why):
            streams[id] = nil
            handle(.connectFailed(id, why))
        case .received(let bytes): handle(.received(bytes, on: id))
        case .drained: handle(.drained(id))
        case .closed(let why):
            streams[id] = nil
            handle(.closed(id, why))
        case .finished:
            ending[id] = nil
            tellEnd()
        }
    }

    /// Says that the Session has ended, once the last stream has.
    private func tellEnd() {
        guard hasEnded, ending.isEmpty, !events.isBusy else { return }
        hasEnded = false
        onReport(.ended)
    }
}
