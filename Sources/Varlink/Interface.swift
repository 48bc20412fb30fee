/// An interface that a server offers, known by its description in Varlink's definition language
/// (https://varlink.org/Interface-Definition).
public struct Interface: Hashable, Sendable {
    /// Its name, in reversed domain notation.
    public let name: String
    /// The names of its methods.
    public let methods: Set<String>
    /// The text that describes it.
    public let description: String

    /// The interface that `description` describes: the name and the methods are those of the lines that begin with
    /// `interface` and `method`.
    public init(description: String) {
        self.description = description
        var names: [Substring: [String]] = [:]
        for line in description.split(separator: "\n") {
            let words = line.split(separator: " ", maxSplits: 1)
            guard words.count == 2 else { continue }
            names[words[0], default: []].append(String(words[1].prefix { $0 != "(" && $0 != " " }))
        }
        name = names["interface"]?.first ?? ""
        methods = Set(names["method"] ?? [])
    }

    /// What every server offers (https://varlink.org/Service).
    static let service = Interface(
        description: """
            # What a server is and which interfaces it has.
            interface org.varlink.service

            # Who made the server, its version, and the names of its interfaces.
            method GetInfo() -> (
              vendor: string,
              product: string,
              version: string,
              url: string,
              interfaces: []string
            )

            # The description of one of its interfaces, in this language.
            method GetInterfaceDescription(interface: string) -> (description: string)

            # There is no such interface.
            error InterfaceNotFound (interface: string)

            # The interface has no such method.
            error MethodNotFound (method: string)

            # The method is described, but cannot be called in this way.
            error MethodNotImplemented (method: string)

            # A parameter is missing, of another type, or unknown.
            error InvalidParameter (parameter: string)

            """)
}
