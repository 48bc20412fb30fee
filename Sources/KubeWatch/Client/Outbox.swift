import Wire

/// What the parts of a Client have in common while one event is handled: it collects their directives, numbers their
/// requests and counts.
struct Outbox: Sendable {
    /// The directives so far.
    private(set) var directives: [Client.Directive] = []
    /// What has been counted.
    var counters = Counters()
    private var lastRequest: UInt64 = 0

    /// Sends a request and returns its name.
    mutating func send(_ method: Request.Method, _ path: String, body: Request.Body? = nil) -> RequestID {
        lastRequest += 1
        let id = RequestID(lastRequest)
        directives.append(.send(Request(id: id, method: method, path: path, body: body)))
        return id
    }

    /// Adds a directive.
    mutating func append(_ directive: Client.Directive) {
        directives.append(directive)
    }

    /// Tells a change.
    mutating func tell(_ change: Change) {
        directives.append(.tell(change))
    }

    /// Takes the directives out.
    mutating func take() -> [Client.Directive] {
        defer { directives = [] }
        return directives
    }
}
