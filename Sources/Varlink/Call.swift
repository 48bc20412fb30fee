internal import FoundationEssentials

/// A call of a method: what a client sends.
public struct Call: Hashable, Sendable {
    /// A parameter's value: the methods here take texts only.
    public enum Parameter: Hashable, Sendable, Decodable {
        case text(String)
        /// Anything else.
        case other

        /// Reads any value.
        public init(from decoder: any Decoder) throws {
            let text = try? decoder.singleValueContainer().decode(String.self)
            self = text.map(Parameter.text) ?? .other
        }
    }

    private struct Members: Decodable {
        var method: String
        var parameters: [String: Parameter]?
        var oneway: Bool?
        var more: Bool?
        var upgrade: Bool?
    }

    /// `method`: INTERFACE.METHOD.
    public var method: String
    /// `parameters`.
    public var parameters: [String: Parameter]
    /// `oneway`: the client wants no reply, not even an error.
    public var isOneway: Bool
    /// `more`: the client would take several replies; one is always enough.
    public var wantsMore: Bool
    /// `upgrade`: the client wants to speak another protocol from here on.
    public var wantsUpgrade: Bool

    /// A call without parameters or flags.
    public init(_ method: String) {
        self.method = method
        parameters = [:]
        isOneway = false
        wantsMore = false
        wantsUpgrade = false
    }

    /// Reads a message, without the NUL at its end.
    ///
    /// - Throws: `VarlinkError.malformed`.
    public init(message: [UInt8]) throws(VarlinkError) {
        guard let members = try? JSONDecoder().decode(Members.self, from: Data(message)) else { throw .malformed }
        method = members.method
        parameters = members.parameters ?? [:]
        isOneway = members.oneway ?? false
        wantsMore = members.more ?? false
        wantsUpgrade = members.upgrade ?? false
        guard !isOneway || !(wantsMore || wantsUpgrade) else { throw .malformed }
    }

    /// The message that calls `method` without parameters or flags, with the NUL at its end.
    public static func message(_ method: String) -> [UInt8] {
        Array(#"{"method":"\#(method)"}"#.utf8) + [0]
    }

    /// The interface that the method belongs to; nil where the name has no dot.
    var interface: String? {
        method.lastIndex(of: ".").map { String(method[..<$0]) }
    }

    /// The method's name within its interface.
    var name: String {
        method.lastIndex(of: ".").map { String(method[method.index(after: $0)...]) } ?? method
    }

    /// The first parameter, by name, that is not one of `known`.
    public func unknownParameter(besides known: Set<String> = []) -> String? {
        parameters.keys.filter { !known.contains($0) }.min()
    }
}
