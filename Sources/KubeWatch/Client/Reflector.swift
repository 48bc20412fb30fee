import Wire

/// Follows one kind: lists it page by page, then watches from the list's resourceVersion, and mends whatever breaks.
struct Reflector: Sendable {
    /// Where it stands.
    enum State: Sendable {
        /// Before the start.
        case idle
        /// Nothing under way; `step` is next.
        case waiting(until: Instant, step: Step)
        /// Asked which form the server has the kind in.
        case discovering(RequestID, Answer, deadline: Instant)
        /// A page of a list is asked for.
        case listing(Listing)
        /// A watch is open, or asked for.
        case watching(Watching)
    }

    /// What to do next: the resource is discovered before it is listed where it is not known.
    enum Step: Hashable, Sendable {
        case list
        case watch
    }

    /// A list under way.
    struct Listing: Sendable {
        /// The page asked for.
        var request: RequestID
        /// Its answer so far.
        var answer = Answer(limitBytes: Limit.pageBytes)
        /// The resourceVersion of the first page: nothing after it can be missed by a watch from there.
        var resourceVersion: String?
        /// The keys on the pages before.
        var seen: Set<ObjectKey> = []
        /// When to give the page up.
        var deadline: Instant
    }

    /// A watch under way.
    struct Watching: Sendable {
        /// Its request.
        var request: RequestID
        /// The head, and the body where it is not 200.
        var answer = Answer(limitBytes: Limit.answerBytes)
        /// The body where it is 200.
        var lines = DelimitedBuffer(delimiter: UInt8(ascii: "\n"), limitBytes: Limit.lineBytes)
        /// When it was asked for.
        var start: Instant
        /// How long the server was asked to let it last.
        var timeout: Duration
        /// Something was told on it.
        var hasTold = false
    }

    /// What the Client must do about an event besides what the Outbox holds.
    enum Verdict: Hashable, Sendable {
        /// Nothing.
        case settled
        /// The request was not answered in time: its connection may be dead.
        case overdue(reason: String)
        /// The server could not be asked.
        case unreachable(reason: String)
    }

    /// The kind that is followed.
    let kind: Kind
    /// Where it stands.
    var state = State.idle
    /// Where the kind's objects are; nil before discovery.
    var resource: Resource?
    /// The resource must be discovered.
    let isDiscovered: Bool
    /// Keys and uids of what has been told and not told as deleted.
    var known: [ObjectKey: String] = [:]
    /// Up to where everything has been told.
    var resourceVersion = ""
    /// How many objects a page is asked for.
    var pageObjects = Limit.pageObjects
    /// `interrupted` or `forbidden` was told, and no `synced` since.
    var isInterrupted = false
    /// `forbidden` was told, and no `synced` since.
    var isForbidden = false
    /// What `interrupted` told was our own doing: what the server does next is to be told as well.
    var isOwnDoing = false
    /// A list has been begun before.
    var hasListed = false
    /// The numbers of the writes that wait for the list under way.
    var listeners: [UInt64] = []
    /// Between failures.
    var backoff = Backoff()

    /// Follows `kind`.
    init(_ kind: Kind, configuration: Client.Configuration) {
        self.kind = kind
        resource = configuration.resource(kind)
        isDiscovered = resource == nil
    }

    /// The request under way.
    var request: RequestID? {
        switch state {
        case .idle, .waiting: nil
        case .discovering(let request, _, _): request
        case .listing(let listing): listing.request
        case .watching(let watching): watching.request
        }
    }

    /// A watch flows.
    var isWatching: Bool {
        if case .watching(let watching) = state { return watching.answer.status == 200 }
        return false
    }

    /// When the timer must be told to it.
    var deadline: Instant? {
        switch state {
        case .idle: nil
        case .waiting(let until, _): until
        case .discovering(_, _, let deadline): deadline
        case .listing(let listing): listing.deadline
        case .watching(let watching): watching.deadline
        }
    }

    // MARK: Requests

    /// Gives up what is under way and lists anew.
    mutating func list(at now: Instant, _ outbox: inout Outbox) {
        cancel(&outbox)
        guard let resource else {
            let request = outbox.send(.get, Discovery.path)
            state = .discovering(
                request, Answer(limitBytes: Limit.answerBytes), deadline: now.advanced(by: Limit.answer))
            return
        }
        if hasListed {
            outbox.counters.relists += 1
        }
        hasListed = true
        let request = outbox.send(.get, resource.list(limit: pageObjects, continuation: nil))
        state = .listing(Listing(request: request, deadline: now.advanced(by: Limit.answer)))
    }

    /// Watches from where the last list or watch ended; lists where there was none.
    mutating func watch(at now: Instant, using rng: inout PRNG, _ outbox: inout Outbox) {
        guard let resource, !resourceVersion.isEmpty else {
            list(at: now, &outbox)
            return
        }
        let timeout = rng.jittered(Limit.watch, by: Limit.watchSpread)
        let seconds = Int(timeout.components.seconds)
        let request = outbox.send(.get, resource.watch(from: resourceVersion, timeoutSeconds: seconds))
        state = .watching(Watching(request: request, start: now, timeout: timeout))
    }

    /// The list that the write `number` asks for: whatever is under way began before, so a new one is begun.
    mutating func relist(for number: UInt64, at now: Instant, _ outbox: inout Outbox) {
        listeners.append(number)
        list(at: now, &outbox)
    }

    /// Begins anew with a server that may be another one; what is known stays, so that the list tells what is gone.
    mutating func restart(at now: Instant, _ outbox: inout Outbox) {
        resourceVersion = ""
        backoff.reset()
        if isDiscovered {
            resource = nil
        }
        list(at: now, &outbox)
    }

    /// Forgets the request under way.
    mutating func cancel(_ outbox: inout Outbox) {
        if let request {
            outbox.append(.cancel(request))
        }
        state = .idle
    }

    // MARK: Failures

    /// What follows a failure: `interrupted` is told once, or again after our own doing; those who wait for the list get
    /// `outcome`, and `step` is tried again after a growing wait, or after `wait` where the server named one.
    mutating func fail(
        _ reason: String, next step: Step, after wait: Duration? = nil, outcome: Outcome? = nil, at now: Instant,
        using rng: inout PRNG, _ outbox: inout Outbox
    ) {
        if !isInterrupted || isOwnDoing {
            isInterrupted = true
            isOwnDoing = false
            outbox.tell(.interrupted(kind, reason: reason))
        }
        finishList(outcome ?? .unanswered(reason: reason), &outbox)
        pause(before: step, atLeast: wait ?? .zero, at: now, using: &rng, &outbox)
    }

    /// What follows a refusal, which no waiting mends: as `fail`, but told as what it is. A server that has just started
    /// refuses until it has read its roles, so the first refusal after an outage does not inherit that one's long waits.
    mutating func forbid(
        _ message: String, next step: Step, after wait: Duration?, at now: Instant, using rng: inout PRNG,
        _ outbox: inout Outbox
    ) {
        if !isForbidden {
            backoff.reset()
        }
        if !isForbidden || isOwnDoing {
            isForbidden = true
            isInterrupted = true
            isOwnDoing = false
            outbox.tell(.forbidden(kind, message: message))
        }
        finishList(.forbidden(message: message), &outbox)
        pause(before: step, atLeast: wait ?? .zero, at: now, using: &rng, &outbox)
    }

    /// Everything is known again.
    mutating func sync(_ outbox: inout Outbox) {
        isInterrupted = false
        isForbidden = false
        outbox.tell(.synced(kind))
    }

    /// Tells those who wait for the list how it ended.
    mutating func finishList(_ outcome: Outcome, _ outbox: inout Outbox) {
        for number in listeners {
            outbox.append(.wrote(number, outcome))
        }
        listeners = []
    }

    /// Tries `step` after a growing wait, and not before `least`.
    mutating func pause(
        before step: Step, atLeast least: Duration = .zero, at now: Instant, using rng: inout PRNG,
        _ outbox: inout Outbox
    ) {
        outbox.counters.retries += 1
        // The server's own wait is spread upwards only: nobody comes before it.
        let wait = max(least * (1 + Double.random(in: 0...Backoff.spread, using: &rng)), backoff.next(using: &rng))
        state = .waiting(until: now.advanced(by: wait), step: step)
    }

    /// What was asked for is not kept any more. The first time a new list is begun at once.
    mutating func relistAfterGone(at now: Instant, using rng: inout PRNG, _ outbox: inout Outbox) {
        resourceVersion = ""
        if backoff.failures == 0 {
            _ = backoff.next(using: &rng)
            list(at: now, &outbox)
        } else {
            cancel(&outbox)
            fail(
                "the API server keeps no history to watch \(kind.rawValue)s from", next: .list, at: now, using: &rng,
                &outbox)
        }
    }

    /// All connections were closed; goes on after a wait, or at once where that `isDeliberate`.
    mutating func loseConnection(
        reason: String, isDeliberate: Bool, at now: Instant, using rng: inout PRNG, _ outbox: inout Outbox
    ) {
        defer { isOwnDoing = isDeliberate }
        guard request != nil else {
            if isDeliberate, case .waiting(_, let step) = state { state = .waiting(until: now, step: step) }
            return
        }
        var step = Step.list
        if case .watching = state { step = .watch }
        state = .idle
        fail(reason, next: step, at: now, using: &rng, &outbox)
        if isDeliberate {
            state = .waiting(until: now, step: step)
        }
    }
}

extension Reflector.Watching {
    /// When to give it up: a server that was asked to end it does not, or it did not begin.
    var deadline: Instant {
        start.advanced(by: answer.status == nil ? Limit.answer : timeout + Limit.answer)
    }
}
