extension YAML {
    /// The tree of the text `bytes`; an empty node where there is nothing but comments. Nil where there is no tree: then,
    /// and where keys repeat or the like, `diagnostics` has got the reason.
    static func compose(_ bytes: [UInt8], _ diagnostics: inout Diagnostics) -> Node? {
        guard bytes.count <= maximumLength else {
            diagnostics.error("the text has \(bytes.count) bytes, but may have at most \(maximumLength)", at: .start)
            return nil
        }
        let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]
        var composer = Composer(EventParser(bytes.dropFirst(bytes.starts(with: byteOrderMark) ? 3 : 0)))
        do throws(SyntaxError) {
            let root = try composer.document()
            composer.problems.forEach { diagnostics.error($0.message, at: $0.location) }
            return root
        } catch {
            diagnostics.error(error.message, at: error.location)
            return nil
        }
    }

    /// Builds the tree from the events; aliases become copies and merge keys (`<<`) are resolved.
    private struct Composer {
        /// A node that an alias can call, and the nodes and levels that it has.
        struct Anchored {
            var node: Node
            var count: Int
            var depth: Int
        }

        let parser: EventParser
        var problems: [SyntaxError] = []
        private var anchors: [String: Anchored] = [:]
        private var count = 0

        init(_ parser: EventParser) {
            self.parser = parser
        }

        mutating func document() throws(SyntaxError) -> Node {
            var root: Node?
            while true {
                let event = try parser.next()
                switch event.kind {
                case .streamEnd: return root ?? Node(location: .start, content: .null)
                case .documentStart:
                    guard root == nil else {
                        throw SyntaxError(
                            location: event.location,
                            message: "a second document begins here: only one is allowed, remove the line \"---\"")
                    }
                    var depth = 0
                    root = try node(parser.next(), level: 0, &depth)
                default: continue
                }
            }
        }

        /// The node that begins with `event`; `depth` becomes the greatest level within it, `level` being its own.
        private mutating func node(_ event: Event, level: Int, _ depth: inout Int) throws(SyntaxError) -> Node {
            try account(for: 1, at: event.location)
            depth = max(depth, level)
            if let tag = event.unknownTag {
                problems.append(SyntaxError(location: event.location, message: "unknown tag \(quoted(tag)): remove it"))
            }
            let countBefore = count - 1
            var innerDepth = level
            var node = Node(location: event.location, content: .null)
            switch event.kind {
            case .scalar(let scalar): node.content = .scalar(scalar)
            case .alias(let name): return try copy(of: name, at: event.location, level: level, &depth)
            case .sequenceStart: node.content = try sequence(at: event.location, level: level + 1, &innerDepth)
            case .mappingStart: node.content = try mapping(at: event.location, level: level + 1, &innerDepth)
            default: break
            }
            depth = max(depth, innerDepth)
            if let anchor = event.anchor {
                anchors[anchor] = Anchored(node: node, count: count - countBefore, depth: innerDepth - level)
            }
            return node
        }

        private mutating func sequence(
            at location: Location, level: Int, _ depth: inout Int
        ) throws(SyntaxError) -> Content {
            try checkLevel(level, at: location)
            var items: [Node] = []
            while true {
                let event = try parser.next()
                if case .sequenceEnd = event.kind { return .sequence(items) }
                items.append(try node(event, level: level, &depth))
            }
        }

        private mutating func mapping(
            at location: Location, level: Int, _ depth: inout Int
        ) throws(SyntaxError) -> Content {
            try checkLevel(level, at: location)
            var entries: [Entry] = []
            var firstLocations: [String: Location] = [:]
            var merged: [Node] = []
            while true {
                let event = try parser.next()
                if case .mappingEnd = event.kind { break }
                let key = try node(event, level: level, &depth)
                let value = try node(parser.next(), level: level, &depth)
                guard case .scalar(let scalar) = key.content else {
                    problems.append(SyntaxError(location: key.location, message: "a key must be text, not \(key.kind)"))
                    continue
                }
                if scalar.isPlain && scalar.text == "<<" {
                    merged.append(value)
                } else if let first = firstLocations.updateValue(key.location, forKey: scalar.text) {
                    firstLocations[scalar.text] = first
                    problems.append(
                        SyntaxError(
                            location: key.location,
                            message: "key \(quoted(scalar.text)) is given twice, first at \(first): remove one"))
                } else {
                    entries.append(Entry(key: scalar.text, keyLocation: key.location, value: value))
                }
            }
            for node in merged { try merge(node, into: &entries, &firstLocations) }
            return .mapping(entries)
        }

        /// Adds the entries of `node`, a mapping or a list of mappings, whose keys `entries` does not have.
        private mutating func merge(
            _ node: Node, into entries: inout [Entry], _ locations: inout [String: Location]
        ) throws(SyntaxError) {
            switch node.content {
            case .mapping(let added):
                for entry in added where locations.updateValue(entry.keyLocation, forKey: entry.key) == nil {
                    entries.append(entry)
                }
            case .sequence(let nodes):
                for node in nodes { try merge(node, into: &entries, &locations) }
            case .scalar:
                problems.append(
                    SyntaxError(location: node.location, message: "\"<<\" must have a mapping, not \(node.kind)"))
            }
        }

        private mutating func copy(
            of name: String, at location: Location, level: Int, _ depth: inout Int
        ) throws(SyntaxError) -> Node {
            guard let anchored = anchors[name] else {
                throw SyntaxError(
                    location: location,
                    message: "alias \(quoted(name)) has no anchor before it: write \"&\(name)\" before what it repeats")
            }
            try account(for: anchored.count, at: location)
            try checkLevel(level + anchored.depth, at: location)
            depth = max(depth, level + anchored.depth)
            return Node(location: location, content: anchored.node.content)
        }

        private mutating func account(for nodes: Int, at location: Location) throws(SyntaxError) {
            count += nodes
            guard count <= maximumNodes else {
                throw SyntaxError(location: location, message: "the text has more than \(maximumNodes) values")
            }
        }

        private func checkLevel(_ level: Int, at location: Location) throws(SyntaxError) {
            guard level <= maximumDepth else {
                throw SyntaxError(
                    location: location,
                    message: "lists and mappings stand more than \(maximumDepth) deep within one another")
            }
        }
    }
}

extension YAML.Content {
    /// An empty value.
    static let null = YAML.Content.scalar(YAML.Scalar(text: "", isPlain: true))
}
