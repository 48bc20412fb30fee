import KubeWatch
import Wire

/// One call of `Instance.handle`: the time and the randomness that it was given, and the directives that it collects.
struct Turn {
    let now: Instant
    var rng: PRNG
    private(set) var directives: [Directive] = []

    init(at now: Instant, using rng: PRNG) {
        self.now = now
        self.rng = rng
    }

    mutating func emit(_ directive: Directive) {
        directives.append(directive)
    }

    mutating func record(
        _ priority: Record.Priority, _ id: Record.MessageID, _ message: String, service: ObjectKey? = nil,
        address: IPAddress? = nil, node: String? = nil, interface: String? = nil
    ) {
        emit(
            .record(
                Record(
                    priority, id, message, service: service?.description, address: address?.description, node: node,
                    interface: interface)))
    }
}

extension ObjectMeta {
    /// resourceVersion as a number. Kubernetes calls it opaque, yet every API server counts up in one sequence, and
    /// since 1.35 that is promised; nil, which orders nothing, for a server that does otherwise.
    var revision: UInt64? { UInt64(resourceVersion) }

    /// Whether this copy is known to be older than `other`.
    func isOlder(than other: ObjectMeta) -> Bool {
        guard let mine = revision, let theirs = other.revision else { return false }
        return mine < theirs
    }
}

extension Optional where Wrapped == Instant {
    /// The earlier of two deadlines; nil is none.
    static func earlier(_ left: Instant?, _ right: Instant?) -> Instant? {
        guard let left, let right else { return left ?? right }
        return Swift.min(left, right)
    }
}
