import Wire

/// How a Reflector takes in what the server answers.
extension Reflector {
    /// The head of the answer to its request has come.
    mutating func receiveHead(status: Int, retryAfter: String?, _ outbox: inout Outbox) {
        switch state {
        case .idle, .waiting: break
        case .discovering(let request, var answer, let deadline):
            answer.receive(status: status, retryAfter: retryAfter)
            state = .discovering(request, answer, deadline: deadline)
        case .listing(var listing):
            state = .idle
            listing.answer.receive(status: status, retryAfter: retryAfter)
            state = .listing(listing)
        case .watching(var watching):
            state = .idle
            watching.answer.receive(status: status, retryAfter: retryAfter)
            state = .watching(watching)
            if status == 200, isInterrupted {
                // The server still has everything since `resourceVersion` and sends it now.
                sync(&outbox)
            }
        }
    }

    /// More of the body has come. The state is emptied meanwhile, so that its buffers are not copied.
    mutating func receive(_ bytes: [UInt8], at now: Instant, using rng: inout PRNG, _ outbox: inout Outbox) {
        let current = state
        state = .idle
        switch consume current {
        case .idle: break
        case .waiting(let until, let step): state = .waiting(until: until, step: step)
        case .discovering(let request, var answer, let deadline):
            answer.receive(bytes)
            state = .discovering(request, answer, deadline: deadline)
        case .listing(var listing):
            listing.answer.receive(bytes)
            state = .listing(listing)
            if listing.answer.isOversized {
                shrinkPages(at: now, using: &rng, &outbox)
            }
        case .watching(var watching):
            if watching.answer.status == 200 {
                let lines = watching.lines.append(bytes)
                state = .watching(watching)
                follow(lines, at: now, using: &rng, &outbox)
            } else {
                watching.answer.receive(bytes)
                state = .watching(watching)
            }
        }
    }

    /// The answer is over.
    mutating func finish(
        failure: String?, at now: Instant, using rng: inout PRNG, _ outbox: inout Outbox
    ) -> Verdict {
        let ended = state
        state = .idle
        switch ended {
        case .idle: break
        case .waiting(let until, let step): state = .waiting(until: until, step: step)
        case .discovering(_, let answer, _):
            return finish(discovery: answer, failure: failure, at: now, using: &rng, &outbox)
        case .listing(let listing):
            return finish(listing, failure: failure, at: now, using: &rng, &outbox)
        case .watching(let watching):
            return finish(watching, failure: failure, at: now, using: &rng, &outbox)
        }
        return .settled
    }

    /// The time is `now`: begins what is due, gives up what is overdue.
    mutating func checkTime(at now: Instant, using rng: inout PRNG, _ outbox: inout Outbox) -> Verdict {
        guard let deadline, deadline <= now else { return .settled }
        switch state {
        case .idle: return .settled
        case .waiting(_, .list): list(at: now, &outbox)
        case .waiting(_, .watch): watch(at: now, using: &rng, &outbox)
        case .discovering, .listing:
            return giveUp("the API server did not answer in time", next: .list, at: now, using: &rng, &outbox)
        case .watching(let watching):
            if watching.answer.status == nil {
                return giveUp("the API server did not answer in time", next: .watch, at: now, using: &rng, &outbox)
            }
            // The server forgot to end it: no fault of the connection.
            cancel(&outbox)
            watch(at: now, using: &rng, &outbox)
        }
        return .settled
    }

    private mutating func giveUp(
        _ reason: String, next step: Step, at now: Instant, using rng: inout PRNG, _ outbox: inout Outbox
    ) -> Verdict {
        cancel(&outbox)
        fail(reason, next: step, at: now, using: &rng, &outbox)
        return .overdue(reason: reason)
    }

    private mutating func finish(
        discovery answer: Answer, failure: String?, at now: Instant, using rng: inout PRNG, _ outbox: inout Outbox
    ) -> Verdict {
        if failure == nil, let discovered = Discovery.resource(answer) {
            resource = discovered
            list(at: now, &outbox)
            return .settled
        }
        return refuse(answer, failure: failure, next: .list, at: now, using: &rng, &outbox)
    }

    private mutating func finish(
        _ listing: Listing, failure: String?, at now: Instant, using rng: inout PRNG, _ outbox: inout Outbox
    ) -> Verdict {
        guard failure == nil, listing.answer.status == 200, let resource else {
            if listing.answer.status == 410 {
                relistAfterGone(at: now, using: &rng, &outbox)
                return .settled
            }
            if listing.answer.status == 404, isDiscovered {
                self.resource = nil
            }
            return refuse(listing.answer, failure: failure, next: .list, at: now, using: &rng, &outbox)
        }
        guard let page = try? resource.schema.decode(ListPage.self, from: listing.answer.body) else {
            return refuse(listing.answer, failure: nil, next: .list, at: now, using: &rng, &outbox)
        }
        var seen = listing.seen
        for item in page.items {
            if let key = tell(item, &outbox) {
                seen.insert(key)
            }
        }
        let version = listing.resourceVersion ?? page.resourceVersion
        if let continuation = page.continuation {
            let path = resource.list(limit: pageObjects, continuation: continuation)
            state = .listing(
                Listing(
                    request: outbox.send(.get, path), resourceVersion: version, seen: seen,
                    deadline: now.advanced(by: Limit.answer)))
        } else {
            complete(seen, resourceVersion: version, at: now, using: &rng, &outbox)
        }
        return .settled
    }

    /// The last page has been told: tells what is gone, and goes on with a watch.
    private mutating func complete(
        _ seen: Set<ObjectKey>, resourceVersion: String, at now: Instant, using rng: inout PRNG,
        _ outbox: inout Outbox
    ) {
        for key in known.keys.filter({ !seen.contains($0) }).sorted() {
            known[key] = nil
            outbox.tell(.deleted(kind, key))
        }
        self.resourceVersion = resourceVersion
        sync(&outbox)
        finishList(.done(nil), &outbox)
        watch(at: now, using: &rng, &outbox)
    }

    private mutating func finish(
        _ watching: Watching, failure: String?, at now: Instant, using rng: inout PRNG, _ outbox: inout Outbox
    ) -> Verdict {
        guard watching.answer.status == 200 else {
            switch watching.answer.status {
            case 410: relistAfterGone(at: now, using: &rng, &outbox)
            case 400, 404:
                return refuse(watching.answer, failure: failure, next: .list, at: now, using: &rng, &outbox)
            default:
                return refuse(watching.answer, failure: failure, next: .watch, at: now, using: &rng, &outbox)
            }
            return .settled
        }
        if !watching.lines.isEmpty {
            // The watch goes on from before the line that was cut off.
            outbox.counters.truncatedAnswers += 1
        }
        let isShort = !watching.hasTold && now < watching.start.advanced(by: Limit.shortWatch)
        if !isShort {
            backoff.reset()
        }
        if let failure {
            fail(failure, next: .watch, at: now, using: &rng, &outbox)
        } else if isShort {
            pause(before: .watch, at: now, using: &rng, &outbox)
        } else {
            watch(at: now, using: &rng, &outbox)
        }
        return .settled
    }

    /// What follows an answer that does not help: try again later.
    private mutating func refuse(
        _ answer: Answer, failure: String?, next step: Step, at now: Instant, using rng: inout PRNG,
        _ outbox: inout Outbox
    ) -> Verdict {
        if let failure {
            if answer.status == 200 {
                outbox.counters.truncatedAnswers += 1
            }
            fail(failure, next: step, at: now, using: &rng, &outbox)
            return answer.status == nil ? .unreachable(reason: failure) : .settled
        }
        guard answer.status != 200 else {
            outbox.counters.truncatedAnswers += 1
            fail("the answer to a list is not what was asked for", next: step, at: now, using: &rng, &outbox)
            return .settled
        }
        switch answer.status {
        case 401:
            fail(
                "it does not accept the credentials in the kubeconfig (\(answer.problem))", next: step,
                after: answer.wait, outcome: answer.outcome, at: now, using: &rng, &outbox)
        case 403:
            forbid(answer.problem, next: step, after: answer.wait, at: now, using: &rng, &outbox)
        default:
            fail(
                "cannot follow \(kind.rawValue)s: \(answer.problem)", next: step, after: answer.wait,
                outcome: answer.outcome, at: now, using: &rng, &outbox)
        }
        return .settled
    }

    /// A page was too long: lists anew with shorter ones, until they are of one object.
    private mutating func shrinkPages(at now: Instant, using rng: inout PRNG, _ outbox: inout Outbox) {
        outbox.counters.oversizedAnswers += 1
        cancel(&outbox)
        if pageObjects > 1 {
            pageObjects = max(1, pageObjects / 4)
            list(at: now, &outbox)
        } else {
            fail("an object is too large", next: .list, at: now, using: &rng, &outbox)
        }
    }
}
