import KubeWatch
import Wire

/// A Client under test, its time and its randomness.
struct Conversation {
    private(set) var client: Client
    private(set) var now = Instant(nanoseconds: 1_000_000_000_000)
    private var rng: PRNG
    private var wake: Instant?

    init(_ kinds: Set<Kind>, seed: UInt64 = 1, surveysMetalLB: Bool = false) {
        client = Client(Client.Configuration(kinds: kinds, surveysMetalLB: surveysMetalLB))
        rng = PRNG(seed: seed)
    }

    @discardableResult
    mutating func handle(_ event: Client.Event) -> [Client.Directive] {
        let directives = client.handle(event, at: now, using: &rng)
        for case .wake(let instant) in directives { wake = instant }
        return directives.filter { if case .wake = $0 { false } else { true } }
    }

    /// A whole answer: head, body, end.
    @discardableResult
    mutating func answer(
        _ request: Request, _ status: Int = 200, _ body: String = "", retryAfter: String? = nil
    ) -> [Client.Directive] {
        handle(.head(request.id, status: status, retryAfter: retryAfter))
            + handle(.body(request.id, Array(body.utf8))) + handle(.finished(request.id, failure: nil))
    }

    /// One line of an open watch.
    @discardableResult
    mutating func line(_ request: Request, _ line: String) -> [Client.Directive] {
        handle(.body(request.id, Array((line + "\n").utf8)))
    }

    /// Lets `duration` pass, with the timers on the way.
    @discardableResult
    mutating func pass(_ duration: Duration) -> [Client.Directive] {
        let end = now.advanced(by: duration)
        var directives: [Client.Directive] = []
        while let instant = wake, instant <= end {
            now = max(now, instant)
            wake = nil
            directives += handle(.timer)
        }
        now = end
        return directives
    }

    /// Lists one page without objects and opens the watch after it.
    mutating func openEmptyWatch(_ list: String = "ServiceList") -> Request {
        let listed = answer(handle(.start).requests[0], 200, JSON.page(list))
        let watch = listed.requests[0]
        handle(.head(watch.id, status: 200, retryAfter: nil))
        return watch
    }
}

extension [Client.Directive] {
    var requests: [Request] {
        compactMap { if case .send(let request) = $0 { request } else { nil } }
    }

    var paths: [String] { requests.map(\.path) }

    var changes: [Change] {
        compactMap { if case .tell(let change) = $0 { change } else { nil } }
    }

    var outcomes: [UInt64: Outcome] {
        reduce(into: [:]) { if case .wrote(let number, let outcome) = $1 { $0[number] = outcome } }
    }

    var closesConnections: Bool { contains(.closeConnections) }
}

extension Change {
    /// A short form: `+name@resourceVersion`, `-name`, `synced`, `interrupted`.
    var short: String {
        switch self {
        case .upserted(let object): "+\(object.metadata.key.name)@\(object.metadata.resourceVersion)"
        case .deleted(_, let key): "-\(key.name)"
        case .synced: "synced"
        case .interrupted: "interrupted"
        case .forbidden: "forbidden"
        case .metalLBResources(let areServed): "metallb.io \(areServed)"
        }
    }
}

/// JSON as an API server sends it.
enum JSON {
    static func page(
        _ kind: String = "ServiceList", _ version: String = "100", continuation: String? = nil, _ items: [String] = []
    ) -> String {
        let token = continuation.map { #","continue":"\#($0)","remainingItemCount":1"# } ?? ""
        return #"{"kind":"\#(kind)","apiVersion":"v1","metadata":{"resourceVersion":"\#(version)"\#(token)},"items":["#
            + items.joined(separator: ",") + "]}\n"
    }

    static func service(_ name: String, _ version: String, uid: String? = nil) -> String {
        #"{"metadata":{"name":"\#(name)","namespace":"default","uid":"\#(uid ?? "u-" + name)","#
            + #""resourceVersion":"\#(version)"},"spec":{"type":"LoadBalancer"},"status":{"loadBalancer":{}}}"#
    }

    static func event(_ type: String, _ object: String) -> String {
        #"{"type":"\#(type)","object":\#(object)}"#
    }

    static func bookmark(_ version: String) -> String {
        event(
            "BOOKMARK",
            #"{"kind":"Service","apiVersion":"v1","metadata":{"resourceVersion":"\#(version)","#
                + #""creationTimestamp":null},"spec":{},"status":{"loadBalancer":{}}}"#)
    }

    static func status(_ code: Int, _ reason: String, _ message: String = "no") -> String {
        #"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"\#(message)","#
            + #""reason":"\#(reason)","code":\#(code)}"#
    }
}
