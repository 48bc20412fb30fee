public import EventLoop
internal import System

/// What the API server answered to a single request.
public struct Reply: Hashable, Sendable {
    /// The HTTP status.
    public let status: Int
    /// The body's bytes.
    public let body: [UInt8]
    /// Where the status is none of success: the server's message, or the status in words.
    public let problem: String
    /// What time the server had, in seconds since 1970 began (UTC); nil where it did not say.
    public let dateSeconds: Int?
}

/// Single requests to the API server, each waited for: for commands that do a few things and end. The daemon, which waits
/// for nothing, has `Connection`.
public final class Exchange {
    private let loop: Loop
    private let limit: Duration
    private var transport: Transport?
    private var timer: Timer?
    private var request = RequestID(0)
    private var answer = Answer(limitBytes: 0)
    /// How the request under way ended: nil before that; what broke, or an empty text.
    private var end: String?
    private var dateSeconds: Int?

    /// A way to the server that `credentials` describe, driven by `loop`; nothing is sent yet. Each answer is waited for so long,
    /// by default 10 s.
    ///
    /// - Throws: `ConnectionError` where they cannot be used at all.
    public init(loop: Loop, credentials: Credentials, limit: Duration? = nil) throws(ConnectionError) {
        self.loop = loop
        self.limit = limit ?? Limit.exchange
        do {
            timer = try loop.timer { [unowned self] in giveUp() }
        } catch { throw .system(error) }
        transport = try Transport(loop: loop, credentials: credentials) { [unowned self] in receive($0) }
        transport?.onDate = { [unowned self] in dateSeconds = $0 }
    }

    /// Sends a request and waits for its answer. `path` holds the query too, percent-encoded.
    ///
    /// - Throws: `ConnectionError.unanswered` where there is none in time.
    public func send(
        _ method: Request.Method, _ path: String, body: Request.Body? = nil
    ) throws(ConnectionError) -> Reply {
        request = RequestID(request.rawValue + 1)
        answer = Answer(limitBytes: Limit.answerBytes)
        end = nil
        dateSeconds = nil
        transport?.send(Request(id: request, method: method, path: path, body: body))
        timer?.arm(at: loop.now.advanced(by: limit))
        do throws(Errno) {
            while end == nil { try loop.turn() }
        } catch { throw .system(error) }
        timer?.disarm()
        guard let status = answer.status, end == "", !answer.isOversized else {
            throw .unanswered(reason: answer.isOversized ? "the answer is too long" : end ?? "there is no answer")
        }
        return Reply(status: status, body: answer.body, problem: answer.problem, dateSeconds: dateSeconds)
    }

    private func receive(_ event: Client.Event) {
        switch event {
        case .head(request, let status, let retryAfter): answer.receive(status: status, retryAfter: retryAfter)
        case .body(request, let bytes): answer.receive(bytes)
        case .finished(request, let failure): end = failure ?? ""
        default: break
        }
    }

    private func giveUp() {
        transport?.cancel(request)
        end = "no answer within \(limit.components.seconds) s"
    }
}
