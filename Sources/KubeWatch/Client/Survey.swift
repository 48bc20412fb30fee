import Wire

/// Asks now and then whether the server has MetalLB's custom resources. A server that has just started may not serve them
/// yet, and people add and remove them while it runs.
struct Survey: Sendable {
    /// Asks for the API group that the resources are in.
    static let path = "/apis/metallb.io"
    /// The time from an answer to the next request.
    static let period = Duration.seconds(600)
    /// The same where the answer said nothing.
    static let retry = Duration.seconds(60)

    /// The request under way.
    private(set) var request: RequestID?
    private var answer = Answer(limitBytes: Limit.answerBytes)
    /// When to ask, or to give the request up; nil before the start.
    private(set) var deadline: Instant?
    private var told: Bool?

    /// Begins anew, perhaps with another server.
    mutating func restart(at now: Instant) {
        request = nil
        deadline = now
    }

    /// All connections were closed.
    mutating func loseConnection(at now: Instant) {
        guard request != nil else { return }
        wait(Self.retry, from: now)
    }

    /// Asks where that is due, and gives up a request that is not answered.
    mutating func checkTime(at now: Instant, _ outbox: inout Outbox) {
        guard let deadline, deadline <= now else { return }
        if let request {
            outbox.append(.cancel(request))
            return wait(Self.retry, from: now)
        }
        answer = Answer(limitBytes: Limit.answerBytes)
        request = outbox.send(.get, Self.path)
        self.deadline = now.advanced(by: Limit.answer)
    }

    mutating func receiveHead(status: Int) {
        answer.receive(status: status, retryAfter: nil)
    }

    mutating func receive(_ bytes: [UInt8]) {
        answer.receive(bytes)
    }

    /// The answer is over.
    mutating func finish(failure: String?, at now: Instant, _ outbox: inout Outbox) {
        guard failure == nil, let areServed = verdict else { return wait(Self.retry, from: now) }
        wait(Self.period, from: now)
        guard areServed != told else { return }
        told = areServed
        outbox.tell(.metalLBResources(areServed: areServed))
    }

    /// What the answer says: a group with a version, or 404 for none; nil where it says nothing.
    private var verdict: Bool? {
        switch answer.status {
        case 200: APIGroup(answer.body).map { !$0.versions.isEmpty }
        case 404: false
        default: nil
        }
    }

    private mutating func wait(_ duration: Duration, from now: Instant) {
        request = nil
        deadline = now.advanced(by: duration)
    }
}
