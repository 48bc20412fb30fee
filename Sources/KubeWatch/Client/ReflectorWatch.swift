import Wire

/// How a Reflector follows the lines of its watch.
extension Reflector {
    /// Takes whole lines of the open watch in.
    mutating func follow(_ lines: [[UInt8]], at now: Instant, using rng: inout PRNG, _ outbox: inout Outbox) {
        guard let resource else { return }
        for bytes in lines {
            guard let line = try? resource.schema.decode(WatchLine.self, from: bytes) else {
                // What the line said is not known, so only a list tells how things are.
                outbox.counters.skippedObjects += 1
                cancel(&outbox)
                relistAfterGone(at: now, using: &rng, &outbox)
                return
            }
            guard follow(line, at: now, using: &rng, &outbox) else { return }
        }
        guard case .watching(let watching) = state, watching.lines.isOverflowing else { return }
        outbox.counters.oversizedAnswers += 1
        cancel(&outbox)
        relistAfterGone(at: now, using: &rng, &outbox)
    }

    /// Takes one line in; false where the watch is over.
    private mutating func follow(
        _ line: WatchLine, at now: Instant, using rng: inout PRNG, _ outbox: inout Outbox
    ) -> Bool {
        switch line {
        case .upserted(let item, let version):
            tell(item, &outbox)
            advance(to: version)
        case .deleted(let key, let version):
            if known.removeValue(forKey: key) != nil {
                outbox.tell(.deleted(kind, key))
            }
            advance(to: version)
        case .bookmark(let version):
            advance(to: version)
        case .error(let status) where status.isGone:
            cancel(&outbox)
            relistAfterGone(at: now, using: &rng, &outbox)
            return false
        case .error(let status):
            cancel(&outbox)
            let wait = status.retryAfterSeconds.map { Duration.seconds(max(0, min($0, 60))) }
            fail(
                "the watch of \(kind.rawValue)s ended: \(status.message)", next: .list, after: wait, at: now,
                using: &rng, &outbox)
            return false
        }
        return true
    }

    /// Everything up to `version` has been told: the watch has proved itself.
    private mutating func advance(to version: String?) {
        if let version, !version.isEmpty {
            resourceVersion = version
        }
        backoff.reset()
        guard case .watching(var watching) = state, !watching.hasTold else { return }
        watching.hasTold = true
        state = .watching(watching)
    }

    /// Tells an object; its key where that could be read.
    @discardableResult
    mutating func tell(_ item: Item, _ outbox: inout Outbox) -> ObjectKey? {
        switch item {
        case .unreadable(let key):
            outbox.counters.skippedObjects += 1
            return key
        case .object(let object):
            let key = object.metadata.key
            let uid = object.metadata.uid
            let earlier = known[key]
            guard earlier != nil || known.count < Limit.objects else {
                outbox.counters.skippedObjects += 1
                return key
            }
            if let earlier, earlier != uid {
                outbox.tell(.deleted(kind, key))
            }
            known[key] = uid
            outbox.tell(.upserted(object))
            return key
        }
    }
}
