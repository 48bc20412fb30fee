import KubeWatch
import Wire

/// The kinds, and what discovery answers for EndpointSlices: true where the server has only Endpoints.
private let schemas: [(kind: Kind, isOld: Bool)] = [
    (.service, false), (.endpointSlice, false), (.endpointSlice, true), (.node, false), (.configMap, false),
    (.lease, false), (.secret, false), (.pod, false),
]

private let group = Array(#"{"kind":"APIGroup","versions":[{"version":"v1"}]}"#.utf8)

/// What libFuzzer calls with each input. The first byte says what the rest is: a page of a list, lines of a watch, the
/// body of a refusal, the answer to a write, or what discovery answers; and of which kind.
@_cdecl("LLVMFuzzerTestOneInput")
public func test(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    guard let choice = bytes.first.map({ Int($0) & 63 }) else { return 0 }
    let (kind, isOld) = schemas[choice % schemas.count]
    var talk = Talk(kind)
    let text = Array(bytes.dropFirst())
    switch choice / schemas.count % 5 {
    case 0:
        talk.reachList(isOld: isOld)
        talk.answer(200, text)
    case 1:
        talk.reachList(isOld: isOld)
        talk.answer(200, talk.emptyList(isOld: isOld))
        // In two pieces, so that lines are put together.
        talk.answer(200, Array(text.prefix(text.count / 2)), ends: false)
        talk.answer(nil, Array(text.dropFirst(text.count / 2)))
    case 2:
        talk.reachList(isOld: isOld)
        talk.answer(410 + Int(text.first ?? 0), text)
    case 3:
        talk.write()
        talk.answer(200 + Int(text.first ?? 0), text)
    default:
        talk.answer(200, text)
    }
    return 0
}

/// A Client that is led to where the input belongs.
private struct Talk {
    private var client: Client
    private var rng = PRNG(seed: 1)
    private let kind: Kind
    private var request: Request?

    init(_ kind: Kind) {
        self.kind = kind
        client = Client(Client.Configuration(kinds: [kind]))
        handle(.start)
    }

    mutating func handle(_ event: Client.Event) {
        for case .send(let request) in client.handle(event, at: Instant(nanoseconds: 1), using: &rng) {
            self.request = request
        }
    }

    mutating func answer(_ status: Int?, _ body: [UInt8], ends: Bool = true) {
        guard let request else { return }
        if let status {
            handle(.head(request.id, status: status, retryAfter: nil))
        }
        handle(.body(request.id, body))
        if ends {
            handle(.finished(request.id, failure: nil))
        }
    }

    mutating func reachList(isOld: Bool) {
        guard kind == .endpointSlice else { return }
        answer(isOld ? 404 : 200, group)
    }

    func emptyList(isOld: Bool) -> [UInt8] {
        let name = isOld ? "Endpoints" : kind.rawValue
        return Array(#"{"kind":"\#(name)List","metadata":{"resourceVersion":"1"},"items":[]}"#.utf8)
    }

    mutating func write() {
        let object = ObjectMeta(key: ObjectKey(namespace: "a", name: "b"))
        handle(.write(1, .serviceStatus(object, ingress: ["192.0.2.1"]), wallTime: "2026-11-24T00:00:00.000000Z"))
    }
}
