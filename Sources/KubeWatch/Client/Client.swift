public import Wire

/// The conversation with one API server: lists and watches of the kinds, writes, and the care for the connection.
public struct Client: Sendable {
    /// A write that was sent and not answered yet.
    private struct PendingWrite: Sendable {
        let number: UInt64
        var answer = Answer(limitBytes: Limit.answerBytes)
        let deadline: Instant
    }

    private var outbox = Outbox()
    private var reflectors: [Reflector]
    private var survey: Survey?
    /// By their requests, which are numbered in the order of their deadlines.
    private var writes: [RequestID: PendingWrite] = [:]
    /// The probe under way and when it must be answered.
    private var probe: (request: RequestID, deadline: Instant)?
    private var lastHeard = Instant.zero
    private var isReachable: Bool?
    private var lastWake: Instant?
    private var hasStarted = false

    /// A client before its first event.
    public init(_ configuration: Configuration) {
        reflectors = configuration.kinds.sorted().map { Reflector($0, configuration: configuration) }
        survey = configuration.surveysMetalLB ? Survey() : nil
    }

    /// What has been counted since the start.
    public var counters: Counters { outbox.counters }

    /// Takes one event and says what to do about it.
    public mutating func handle(_ event: Event, at now: Instant, using rng: inout PRNG) -> [Directive] {
        switch event {
        case .start: start(at: now, using: &rng)
        case .head(let id, let status, let retryAfter):
            receiveHead(id, status: status, retryAfter: retryAfter, at: now)
        case .body(let id, let bytes): receive(id, bytes, at: now, using: &rng)
        case .finished(let id, let failure): finish(id, failure: failure, at: now, using: &rng)
        case .write(let number, let write, let wallTime):
            send(number, write, wallTime: wallTime, at: now, using: &rng)
        case .dropConnections(let reason):
            drop(reason: reason, isDeliberate: true, at: now, using: &rng)
            // Goes on at once: the connections are closed, not the server gone.
            checkReflectors(at: now, using: &rng)
        case .timer:
            lastWake = nil
            checkTime(at: now, using: &rng)
        }
        updateWake()
        return outbox.take()
    }

    // MARK: Connections

    private mutating func start(at now: Instant, using rng: inout PRNG) {
        if hasStarted {
            drop(reason: "no answer yet with the new kubeconfig", isDeliberate: true, at: now, using: &rng)
        }
        hasStarted = true
        isReachable = nil
        lastHeard = now
        for index in reflectors.indices {
            reflectors[index].restart(at: now, &outbox)
        }
        survey?.restart(at: now)
        survey?.checkTime(at: now, &outbox)
    }

    /// Closes all connections; whatever was under way on them is lost.
    private mutating func drop(reason: String, isDeliberate: Bool, at now: Instant, using rng: inout PRNG) {
        outbox.counters.closedConnections += 1
        outbox.append(.closeConnections)
        probe = nil
        lastHeard = now
        let lost = writes.values.map(\.number).sorted()
        writes = [:]
        for number in lost {
            outbox.append(.wrote(number, .unanswered(reason: reason)))
        }
        for index in reflectors.indices {
            reflectors[index].loseConnection(
                reason: reason, isDeliberate: isDeliberate, at: now, using: &rng, &outbox)
        }
        survey?.loseConnection(at: now)
        if !isDeliberate {
            setReachable(false, reason, at: now)
        }
    }

    /// A request failed without an answer. As long as a watch flows it is the request that failed, not the connection.
    private mutating func noteFailure(_ reason: String, at now: Instant) {
        if !reflectors.contains(where: \.isWatching) {
            setReachable(false, reason, at: now)
        }
    }

    private mutating func setReachable(_ isReachable: Bool, _ detail: String = "", at now: Instant) {
        guard isReachable != self.isReachable else { return }
        let isReturning = self.isReachable == false
        self.isReachable = isReachable
        outbox.append(.reachable(isReachable, detail: detail))
        guard isReachable, isReturning else { return }
        // The server is back: nobody needs to sit out the rest of a wait, nor to wait as long again if it is not quite ready.
        for index in reflectors.indices {
            reflectors[index].backoff.reset()
            if case .waiting(_, let step) = reflectors[index].state {
                reflectors[index].state = .waiting(until: now, step: step)
            }
        }
    }

    // MARK: Answers

    private mutating func receiveHead(_ id: RequestID, status: Int, retryAfter: String?, at now: Instant) {
        guard isUnderWay(id) else { return }
        lastHeard = now
        setReachable(true, at: now)
        if writes[id] != nil {
            writes[id]?.answer.receive(status: status, retryAfter: retryAfter)
        } else if survey?.request == id {
            survey?.receiveHead(status: status)
        } else if let index = reflector(id) {
            reflectors[index].receiveHead(status: status, retryAfter: retryAfter, &outbox)
        }
    }

    private mutating func receive(_ id: RequestID, _ bytes: [UInt8], at now: Instant, using rng: inout PRNG) {
        guard isUnderWay(id) else { return }
        lastHeard = now
        if writes[id] != nil {
            writes[id]?.answer.receive(bytes)
        } else if survey?.request == id {
            survey?.receive(bytes)
        } else if let index = reflector(id) {
            reflectors[index].receive(bytes, at: now, using: &rng, &outbox)
        }
    }

    private mutating func finish(_ id: RequestID, failure: String?, at now: Instant, using rng: inout PRNG) {
        if probe?.request == id {
            probe = nil
            if let failure {
                drop(reason: failure, isDeliberate: false, at: now, using: &rng)
            }
        } else if let write = writes.removeValue(forKey: id) {
            finish(write, failure: failure, at: now)
        } else if survey?.request == id {
            survey?.finish(failure: failure, at: now, &outbox)
        } else if let index = reflector(id) {
            let verdict = reflectors[index].finish(failure: failure, at: now, using: &rng, &outbox)
            if case .unreachable(let reason) = verdict {
                noteFailure(reason, at: now)
            }
        }
    }

    private mutating func finish(_ write: PendingWrite, failure: String?, at now: Instant) {
        if let failure, write.answer.status == nil {
            noteFailure(failure, at: now)
            outbox.append(.wrote(write.number, .unanswered(reason: failure)))
            return
        }
        if failure != nil || write.answer.isOversized {
            outbox.counters.truncatedAnswers += 1
        }
        outbox.append(.wrote(write.number, write.answer.outcome))
    }

    // MARK: Writes

    private mutating func send(
        _ number: UInt64, _ write: Write, wallTime: String, at now: Instant, using rng: inout PRNG
    ) {
        guard let encoded = write.encoded(wallTime: wallTime, using: &rng) else {
            guard let index = reflectors.firstIndex(where: { $0.kind == .service }) else {
                outbox.append(.wrote(number, .rejected(status: 0, message: "Services are not watched")))
                return
            }
            reflectors[index].relist(for: number, at: now, &outbox)
            return
        }
        guard writes.count < Limit.writes else {
            outbox.append(.wrote(number, .busy(after: nil)))
            return
        }
        let id = outbox.send(encoded.method, encoded.path, body: encoded.body)
        writes[id] = PendingWrite(number: number, deadline: now.advanced(by: Limit.write))
    }

    // MARK: Time

    private mutating func checkTime(at now: Instant, using rng: inout PRNG) {
        let overdue = writes.values.filter { $0.deadline <= now }.count
        if overdue > 0 {
            outbox.counters.unansweredWrites += UInt64(overdue)
            drop(reason: "the API server did not answer a write within 5 s", isDeliberate: false, at: now, using: &rng)
        } else if let probe, probe.deadline <= now {
            drop(reason: "the connection to the API server is silent", isDeliberate: false, at: now, using: &rng)
        }
        checkReflectors(at: now, using: &rng)
        survey?.checkTime(at: now, &outbox)
        if let due = probeDeadline, due <= now {
            outbox.counters.probes += 1
            probe = (outbox.send(.get, "/version"), now.advanced(by: Limit.write))
        }
    }

    private mutating func checkReflectors(at now: Instant, using rng: inout PRNG) {
        for index in reflectors.indices {
            let verdict = reflectors[index].checkTime(at: now, using: &rng, &outbox)
            // Where others are answered on the connection, it is the request that hangs; else the connection is dead.
            if case .overdue(let reason) = verdict, lastHeard.advanced(by: Limit.write) <= now {
                drop(reason: reason, isDeliberate: false, at: now, using: &rng)
            }
        }
    }

    /// When the connection has been silent for so long that it must be probed.
    private var probeDeadline: Instant? {
        guard probe == nil, reflectors.contains(where: \.isWatching) else { return nil }
        return lastHeard.advanced(by: Limit.silence)
    }

    private mutating func updateWake() {
        let instants =
            reflectors.compactMap(\.deadline) + writes.values.map(\.deadline)
            + [probe?.deadline, probeDeadline, survey?.deadline].compactMap { $0 }
        let wake = instants.min()
        guard wake != lastWake else { return }
        lastWake = wake
        outbox.append(.wake(at: wake))
    }

    private func reflector(_ id: RequestID) -> Int? {
        reflectors.firstIndex { $0.request == id }
    }

    private func isUnderWay(_ id: RequestID) -> Bool {
        probe?.request == id || writes[id] != nil || survey?.request == id || reflector(id) != nil
    }
}
