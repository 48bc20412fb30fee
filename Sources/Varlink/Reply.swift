internal import FoundationEssentials

/// What a server answers to a call, once.
public enum Reply: Hashable, Sendable {
    /// The method did what it is for; `parameters` is a JSON object.
    case success(parameters: [UInt8])
    /// It did not.
    case failure(CallError)

    private struct Failure: Encodable {
        var error: String
        var parameters: [String: String]
    }

    private struct Answer<Parameters: Decodable>: Decodable {
        var error: String?
        var parameters: Parameters?

        private enum CodingKeys: CodingKey {
            case error, parameters
        }

        init(from decoder: any Decoder) throws {
            let members = try decoder.container(keyedBy: CodingKeys.self)
            error = try members.decodeIfPresent(String.self, forKey: .error)
            // Those of an error are others.
            parameters = error == nil ? try members.decode(Parameters.self, forKey: .parameters) : nil
        }
    }

    /// The reply with `parameters`; they must have a JSON form.
    public init(_ parameters: some Encodable) {
        self = .success(parameters: Self.json(parameters))
    }

    /// The message, with the NUL at its end.
    public var message: [UInt8] {
        switch self {
        case .success(let parameters):
            Array(#"{"parameters":"#.utf8) + parameters + Array("}\0".utf8)
        case .failure(let error):
            Self.json(Failure(error: error.name, parameters: [error.parameter.name: error.parameter.value])) + [0]
        }
    }

    /// What a client got: the parameters in `message`, which comes without the NUL.
    ///
    /// - Throws: `VarlinkError`.
    public static func parameters<Parameters: Decodable>(
        _: Parameters.Type, in message: [UInt8]
    ) throws(VarlinkError) -> Parameters {
        guard let answer = try? JSONDecoder().decode(Answer<Parameters>.self, from: Data(message)) else {
            throw .malformed
        }
        if let name = answer.error { throw .refused(name: name) }
        guard let parameters = answer.parameters else { throw .malformed }
        return parameters
    }

    private static func json(_ value: some Encodable) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(value)).map { [UInt8]($0) } ?? Array("{}".utf8)
    }
}
