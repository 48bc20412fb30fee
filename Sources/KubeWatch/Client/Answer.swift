import FoundationEssentials

/// An answer as it comes in, kept whole.
struct Answer: Hashable, Sendable {
    /// The HTTP status; nil before the head has come.
    var status: Int?
    /// Retry-After, in whole seconds.
    var retryAfter: Duration?
    /// What has come of the body.
    private(set) var body: [UInt8] = []
    /// The body grew beyond `limitBytes`; what was kept of it has been let go.
    private(set) var isOversized = false
    /// How long a body may be.
    private let limitBytes: Int

    /// The longest wait that a server's Retry-After is followed for.
    private static let longestRetry = Duration.seconds(60)

    init(limitBytes: Int) {
        self.limitBytes = limitBytes
    }

    /// Takes the head in.
    mutating func receive(status: Int, retryAfter: String?) {
        self.status = status
        if let seconds = retryAfter.flatMap({ Int64($0) }), seconds >= 0 {
            self.retryAfter = Self.bounded(seconds)
        }
    }

    /// Takes more of the body in.
    mutating func receive(_ bytes: [UInt8]) {
        guard !isOversized else { return }
        guard body.count + bytes.count <= limitBytes else {
            isOversized = true
            body = []
            return
        }
        body += bytes
    }

    /// When the server wants to be asked again: Retry-After, else the Status's own member.
    var wait: Duration? {
        retryAfter ?? StatusAnswer(body)?.retryAfterSeconds.map { Self.bounded(Int64($0)) }
    }

    /// What went wrong, for people: the server's message, or the HTTP status.
    var problem: String {
        let message = StatusAnswer(body)?.message ?? ""
        let status = self.status ?? 0
        return message.isEmpty ? "the API server answers with HTTP status \(status)" : String(message.prefix(512))
    }

    /// How the write that this answers has ended.
    var outcome: Outcome {
        switch status ?? 0 {
        case 200..<300: .done(writtenObject)
        case 404: .notFound
        case 409: .conflict
        case 401, 403: .forbidden(message: problem)
        case 429, 500...: .busy(after: wait)
        default: .rejected(status: status ?? 0, message: problem)
        }
    }

    private static func bounded(_ seconds: Int64) -> Duration {
        min(max(.zero, .seconds(seconds)), longestRetry)
    }

    /// The metadata of the object in the body; nil for a Status, which answers a deletion, and for anything unreadable.
    private var writtenObject: ObjectMeta? {
        struct Written: Decodable {
            let kind: String?
            let metadata: Metadata
        }
        guard let object = try? JSONDecoder().decode(Written.self, from: Data(body)), object.kind != "Status" else {
            return nil
        }
        return object.metadata.identity
    }
}
