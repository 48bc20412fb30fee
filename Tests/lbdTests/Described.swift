/// As much of Varlink's definition language as it takes to hold a reply against its description.
enum Described {
    /// A JSON value, as far as replies have them.
    enum JSON: Decodable {
        case text(String)
        case integer(Int)
        case boolean(Bool)
        case array([JSON])
        case object([String: JSON])

        init(from decoder: any Decoder) throws {
            let value = try decoder.singleValueContainer()
            if let text = try? value.decode(String.self) {
                self = .text(text)
            } else if let number = try? value.decode(Int.self) {
                self = .integer(number)
            } else if let truth = try? value.decode(Bool.self) {
                self = .boolean(truth)
            } else if let items = try? value.decode([JSON].self) {
                self = .array(items)
            } else {
                self = .object(try value.decode([String: JSON].self))
            }
        }
    }

    /// The members of each `type`, and of the reply of each `method`, with their types.
    static func types(in description: String) -> [String: [String: String]] {
        var types: [String: [String: String]] = [:]
        var current = ""
        for line in description.split(separator: "\n") where !line.hasPrefix("#") {
            let words = line.split { " :,()".contains($0) }.map(String.init)
            switch words.first {
            case "type", "method":
                current = words[1]
                types[current] = [:]
            case let name? where line.hasPrefix("  ") && words.count == 2: types[current]?[name] = words[1]
            default: break
            }
        }
        return types
    }

    /// What `value` has more, less or otherwise than the type `name`.
    static func mismatches(of value: JSON, with name: String, in types: [String: [String: String]]) -> [String] {
        guard case .object(let members) = value, let described = types[name] else { return ["no \(name)"] }
        let unknown = members.keys.filter { described[$0] == nil }.map { "\(name).\($0) is not described" }
        return unknown
            + described.flatMap { member, type -> [String] in
                guard let value = members[member] else { return type.hasPrefix("?") ? [] : ["no \(name).\(member)"] }
                return fits(value, type.hasPrefix("?") ? String(type.dropFirst()) : type, in: types)
            }
    }

    private static func fits(_ value: JSON, _ type: String, in types: [String: [String: String]]) -> [String] {
        switch (type, value) {
        case ("string", .text), ("int", .integer), ("bool", .boolean): []
        case (_, .array(let items)) where type.hasPrefix("[]"):
            items.flatMap { fits($0, String(type.dropFirst(2)), in: types) }
        default: mismatches(of: value, with: type, in: types)
        }
    }
}
