/// A mapping of a configuration whose keys are known: strict in its keys; a key with an empty value counts as absent.
struct Section {
    /// What the mapping is, in words that follow "in": `the pool`.
    let name: String
    let location: YAML.Location
    private let entries: [String: YAML.Entry]
    /// The known keys that an unknown one was probably meant to be: that is told, and not again that they are missing.
    private var misspelled: Set<String> = []

    /// The mapping `node`; nil where it is something else. Keys that are not `known` are mistakes, unless `isOpen`.
    init?(
        _ node: YAML.Node, _ name: String, keys known: [String], isOpen: Bool = false,
        _ diagnostics: inout Diagnostics
    ) {
        guard case .mapping(let entries) = node.content else {
            diagnostics.error("\(name) must be a mapping (\"KEY: VALUE\" lines), not \(node.kind)", at: node.location)
            return nil
        }
        self.name = name
        location = node.location
        self.entries = Dictionary(entries.map { ($0.key, $0) }) { first, _ in first }
        guard !isOpen else { return }
        for entry in entries where !known.contains(entry.key) {
            let nearest = Spelling.nearest(to: entry.key, among: known)
            if let nearest { misspelled.insert(nearest) }
            let hint = nearest.map { "did you mean \(quoted($0))? " } ?? ""
            diagnostics.error(
                "unknown key \(quoted(entry.key)) in \(name): \(hint)known are \(known.joined(separator: ", "))",
                at: entry.keyLocation)
        }
    }

    /// The value of `key`; nil where it is missing or empty.
    subscript(key: String) -> YAML.Node? {
        entries[key].map(\.value).flatMap { $0.isNull ? nil : $0 }
    }

    /// Tells that `key`, which must be there, is missing; `mend` says what to add.
    func missing(_ key: String, _ mend: String, _ diagnostics: inout Diagnostics) {
        guard !misspelled.contains(key) else { return }
        diagnostics.error("\(name) has no \(key): \(mend)", at: location)
    }

    /// Where `key` stands, or the whole section where it is missing.
    func location(of key: String) -> YAML.Location {
        entries[key]?.keyLocation ?? location
    }

    /// The text under `key`; nil where it is missing or no text.
    func text(_ key: String, _ diagnostics: inout Diagnostics) -> String? {
        self[key]?.text(key, &diagnostics)
    }

    /// The number under `key`; nil where it is missing or no number within `range`.
    func integer(_ key: String, in range: ClosedRange<Int>, _ diagnostics: inout Diagnostics) -> Int? {
        self[key]?.integer(key, in: range, &diagnostics)
    }

    /// The truth value under `key`; nil where it is missing or none.
    func boolean(_ key: String, _ diagnostics: inout Diagnostics) -> Bool? {
        self[key]?.boolean(key, &diagnostics)
    }

    /// The items of the list under `key`, none where it is missing or no list.
    func items(_ key: String, _ diagnostics: inout Diagnostics) -> [YAML.Node] {
        self[key]?.items(key, &diagnostics) ?? []
    }

    /// The mapping under `key`, as a section called `name`.
    func section(_ key: String, keys known: [String], _ diagnostics: inout Diagnostics) -> Section? {
        self[key].flatMap { Section($0, key, keys: known, &diagnostics) }
    }
}

extension YAML.Node {
    /// The node's text: any scalar but an empty one. `name` is what it is called in a mistake.
    func text(_ name: String, _ diagnostics: inout Diagnostics) -> String? {
        guard case .scalar(let scalar) = content, !isNull else {
            diagnostics.error("\(name) must be text, not \(kind)", at: location)
            return nil
        }
        guard !scalar.text.unicodeScalars.contains("\0") else {
            diagnostics.error("\(name) must not contain the character NUL", at: location)
            return nil
        }
        return scalar.text
    }

    /// The whole number within `range` that the node stands for.
    func integer(_ name: String, in range: ClosedRange<Int>, _ diagnostics: inout Diagnostics) -> Int? {
        if case .scalar(let scalar) = content, case .integer(let number) = scalar.value, range.contains(number) {
            return number
        }
        diagnostics.error(
            "\(name) must be a whole number from \(range.lowerBound) to \(range.upperBound)\(quotesHint), not \(kind)",
            at: location)
        return nil
    }

    /// The truth value that the node stands for.
    func boolean(_ name: String, _ diagnostics: inout Diagnostics) -> Bool? {
        if case .scalar(let scalar) = content, case .boolean(let value) = scalar.value { return value }
        diagnostics.error("\(name) must be true or false\(quotesHint), not \(kind)", at: location)
        return nil
    }

    /// The items of the list that the node is.
    func items(_ name: String, _ diagnostics: inout Diagnostics) -> [YAML.Node]? {
        if case .sequence(let items) = content { return items }
        diagnostics.error("\(name) must be a list (\"- ITEM\" lines), not \(kind)", at: location)
        return nil
    }

    /// A hint for a scalar that would stand for something else if it were not quoted.
    private var quotesHint: String {
        guard case .scalar(let scalar) = content, !scalar.isPlain else { return "" }
        switch YAML.Scalar(text: scalar.text, isPlain: true).value {
        case .integer, .boolean: return " without quotes"
        case .null, .text: return ""
        }
    }
}
