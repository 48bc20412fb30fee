import FoundationEssentials

/// metav1.Status: how the API server says what went wrong.
struct StatusAnswer: Decodable {
    /// The HTTP status; 0 where unset.
    let code: Int
    /// One CamelCase word for machines, such as `Expired`; empty where unset.
    let reason: String
    /// For people; empty where unset.
    let message: String
    /// details.retryAfterSeconds.
    let retryAfterSeconds: Int?

    private enum CodingKeys: String, CodingKey {
        case kind, code, reason, message, details
    }

    private struct Details: Decodable {
        let retryAfterSeconds: Int?
    }

    init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        guard try members.decode(String.self, forKey: .kind) == "Status" else {
            throw DecodingError.dataCorruptedError(forKey: .kind, in: members, debugDescription: "not a Status")
        }
        code = try members.decodeIfPresent(Int.self, forKey: .code) ?? 0
        reason = try members.decodeIfPresent(String.self, forKey: .reason) ?? ""
        message = try members.decodeIfPresent(String.self, forKey: .message) ?? ""
        retryAfterSeconds = try members.decodeIfPresent(Details.self, forKey: .details)?.retryAfterSeconds
    }

    /// The Status in the body of an answer; nil for anything else.
    init?(_ bytes: [UInt8]) {
        guard let answer = try? JSONDecoder().decode(StatusAnswer.self, from: Data(bytes)) else { return nil }
        self = answer
    }

    /// The resourceVersion, or the page, that was asked for is not kept any more.
    var isGone: Bool {
        code == 410 || reason == "Expired" || reason == "Gone"
    }
}
