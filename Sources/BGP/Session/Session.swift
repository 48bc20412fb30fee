public import Wire

/// One peering with a router: the finite state machine of RFC 4271 section 8 and the routes that it is told. It connects,
/// takes connections and settles on one of two (section 6.8); announces what is wanted and nothing twice; and takes
/// nothing: what the peer announces is checked, counted and dropped, so that no table grows.
///
/// There is no wait between UPDATEs (section 9.2.1.1): what comes while the peer is slow to read is put together, and flaps
/// that cancel each other out are not sent.
///
/// Here is only what ties the parts together: `Session+Connections` makes and ends connections, `Session+Messages` takes
/// what comes on them, `AdjRIBOut` holds the routes and `UpdatePacker` writes them.
public struct Session: Sendable {
    /// The bytes of UPDATEs that are handed to the shell at once; the next follow when they have gone to the kernel.
    public static let windowBytes = 1 << 16
    /// How late a timer may be before this process is taken to have been stopped.
    private static let longestDelay = Duration.seconds(1)

    enum Mode: Hashable {
        case stopped
        case running
        /// Until the instant, or until all routes are withdrawn.
        case stopping(Stop, until: Instant)
    }

    /// What it goes by.
    public let settings: Settings
    /// What was sent and received.
    public internal(set) var counters = Counters()
    /// When `state` became what it is.
    public private(set) var since = Instant.zero
    /// Why the last session or try ended.
    public internal(set) var lastCause: Cause?

    var mode = Mode.stopped
    /// The one that counts, and for a moment another.
    var connections: [Connection] = []
    var lastConnectionID = 0
    var routes = AdjRIBOut()
    var backoff: Backoff
    /// Until when no connection is made or taken, after an error.
    var idleUntil: Instant?
    /// When to connect again.
    var retryAt: Instant?
    /// When the session was established that stands.
    var establishedAt: Instant?
    /// Whether the peer is told that this daemon has restarted.
    var isRestarting: Bool
    private var lastWake: Instant?

    /// A session that is stopped.
    public init(_ settings: Settings) {
        self.settings = settings
        isRestarting = settings.isRestart
        backoff = Backoff(first: settings.timing.firstRetry, longest: settings.timing.longestRetry)
    }

    /// How far it is: that of the connection that is the furthest.
    public var state: State {
        guard mode != .stopped else { return .idle }
        if let connection = connections.max(by: { $0.phase < $1.phase }) { return connection.state }
        return idleUntil == nil ? .active : .idle
    }

    /// What was agreed on; nil unless established.
    public var negotiation: Negotiation? { established.flatMap { connections[$0].negotiation } }
    /// How many routes the peer has been told and not been taken back.
    public var announcedCount: Int { routes.sent.count }
    /// How many routes are wanted. Where it is more than the peer has been told although nothing is on its way, those of a
    /// family are missing that the peer does not take, or that have no next hop.
    public var wantedCount: Int { routes.wantedCount }
    /// Whether all that can be told has gone to the shell.
    public var isUpToDate: Bool { established != nil && !routes.isPending }

    /// The place of the connection that is established.
    var established: Int? { connections.firstIndex { $0.phase == .established } }

    /// Takes one event and says what to do about it.
    public mutating func handle(_ event: Event, at now: Instant, using rng: inout PRNG) -> [Directive] {
        var turn = Turn(at: now, using: rng)
        let before = state
        noticeStop(at: now)
        take(event, in: &turn)
        act(in: &turn)
        if state != before { since = now }
        rng = turn.rng
        return turn.directives
    }

    private mutating func take(_ event: Event, in turn: inout Turn) {
        switch event {
        case .start: start(at: turn.now)
        case .stop(let stop): self.stop(stop, in: &turn)
        case .wanted(let routes): self.routes.replace(with: routes)
        case .amended(let routes): self.routes.amend(routes)
        case .connected(let id, let localAddress): connected(id, localAddress, in: &turn)
        case .connectFailed(let id, let why): end(id, .unreachable(why), isClosed: true, in: &turn)
        case .accepted(let localAddress): accept(localAddress, in: &turn)
        case .received(let bytes, on: let id): receive(bytes, on: id, in: &turn)
        case .drained(let id): if let index = index(of: id) { connections[index].sendDeadline = nil }
        case .closed(let id, let why): end(id, .disconnected(why), isClosed: true, in: &turn)
        case .bfdDown: loseByBFD(in: &turn)
        case .timer: lastWake = nil
        }
    }

    private mutating func start(at now: Instant) {
        guard mode == .stopped else { return }
        mode = .running
        idleUntil = nil
        retryAt = settings.isPassive ? nil : now
        backoff.reset()
    }

    /// A process that comes so late to what it has asked for was stopped or starved: what the peer has sent meanwhile waits
    /// to be read, and comes before it is given up.
    private mutating func noticeStop(at now: Instant) {
        guard let lastWake, lastWake.duration(to: now) > Self.longestDelay else { return }
        self.lastWake = nil
        counters.stops += 1
        for index in connections.indices {
            connections[index].deadline = connections[index].deadline.map {
                max($0, now.advanced(by: Self.longestDelay))
            }
        }
    }

    // MARK: The end

    private mutating func stop(_ stop: Stop, in turn: inout Turn) {
        guard mode == .running else {
            if mode == .stopped { turn.report(.ended) }
            return
        }
        idleUntil = nil
        retryAt = nil
        guard case .shutdown = stop, let established else { return finish(stop, in: &turn) }
        let id = connections[established].id
        for other in connections where other.id != id { close(other, telling: .cease(.connectionRejected), in: &turn) }
        mode = .stopping(stop, until: turn.now.advanced(by: settings.timing.farewell))
        routes.withdraw()
    }

    private mutating func finish(_ stop: Stop, in turn: inout Turn) {
        let wasEstablished = established != nil
        for connection in connections {
            close(connection, telling: Self.farewell(stop, connection.negotiation), in: &turn)
        }
        mode = .stopped
        lastCause = .stopped(stop)
        routes.end()
        establishedAt = nil
        if wasEstablished { turn.report(.down(.stopped(stop))) }
        turn.report(.ended)
    }

    /// What the peer is told at the end. Nothing where it is to keep the routes: a NOTIFICATION would make it drop them.
    private static func farewell(_ stop: Stop, _ negotiation: Negotiation?) -> Notification? {
        switch stop {
        case .shutdown(let text): .cease(.administrativeShutdown, text: text)
        case .restart: negotiation?.keepsRoutes == true ? nil : .cease(.administrativeReset)
        case .deconfigured: .cease(.peerDeconfigured)
        case .reconfigured: .cease(.otherConfigurationChange)
        }
    }

    // MARK: What is due

    private mutating func act(in turn: inout Turn) {
        if let due = idleUntil, due <= turn.now { idleUntil = nil }
        expireConnections(in: &turn)
        flush(in: &turn)
        if case .stopping(let stop, until: let deadline) = mode {
            if established == nil || !routes.isPending || deadline <= turn.now { finish(stop, in: &turn) }
        }
        connectIfDue(in: &turn)
        keepAlive(in: &turn)
        guard let deadline = nextDeadline, deadline != lastWake else { return }
        lastWake = deadline
        turn.emit(.wake(at: deadline))
    }

    private var nextDeadline: Instant? {
        var deadlines = connections.map(\.nextDeadline) + [idleUntil, retryAt]
        if case .stopping(_, until: let deadline) = mode { deadlines.append(deadline) }
        return deadlines.compactMap { $0 }.min()
    }

    /// Sends what the peer does not know yet, as long as what was sent before is out.
    private mutating func flush(in turn: inout Turn) {
        guard let index = established, let negotiation = connections[index].negotiation, routes.isPending,
            connections[index].sendDeadline == nil
        else { return }
        let packer = UpdatePacker(settings, negotiation, localAddress: connections[index].localAddress)
        let bytes = routes.take(packer, limitBytes: Self.windowBytes)
        if !routes.isPending { isRestarting = false }
        guard !bytes.isEmpty else { return }
        counters.updateBytesSent += UInt64(bytes.count)
        send(bytes, on: index, in: &turn)
    }
}
