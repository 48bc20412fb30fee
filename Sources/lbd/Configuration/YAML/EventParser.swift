internal import CYAML

extension YAML {
    /// One step of a text, as libyaml's event parser gives it.
    struct Event {
        enum Kind {
            case documentStart
            case alias(String)
            case scalar(Scalar)
            case sequenceStart
            case sequenceEnd
            case mappingStart
            case mappingEnd
            /// The end of a document or of the text, and what else bears no meaning for the tree.
            case documentEnd
            case streamEnd
            case other
        }

        var kind: Kind
        var location: Location
        /// The name that an alias can call the node by.
        var anchor: String?
        /// A tag that this reader does not know.
        var unknownTag: String?
    }

    /// A text that is not YAML: where and why.
    struct SyntaxError: Error {
        var location: Location
        var message: String
    }

    /// libyaml's event parser over a text.
    final class EventParser {
        private let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
        private let text: UnsafeMutableBufferPointer<UInt8>

        /// A parser at the start of `bytes`, which are UTF-8.
        init(_ bytes: some Collection<UInt8>) {
            text = .allocate(capacity: bytes.count)
            _ = text.initialize(from: bytes)
            // Fails only where there is no memory, and then every allocation of Swift's ends the process as well.
            yaml_parser_initialize(parser)
            yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
            yaml_parser_set_input_string(parser, text.baseAddress, text.count)
        }

        deinit {
            yaml_parser_delete(parser)
            parser.deallocate()
            text.deallocate()
        }

        /// The next event.
        func next() throws(SyntaxError) -> Event {
            var event = yaml_event_t()
            guard yaml_parser_parse(parser, &event) == 1 else { throw syntaxError }
            defer { yaml_event_delete(&event) }
            return Self.event(event)
        }

        private static func event(_ event: yaml_event_t) -> Event {
            let location = Location(event.start_mark)
            switch event.type {
            case YAML_DOCUMENT_START_EVENT: return Event(kind: .documentStart, location: location)
            case YAML_DOCUMENT_END_EVENT: return Event(kind: .documentEnd, location: location)
            case YAML_STREAM_END_EVENT: return Event(kind: .streamEnd, location: location)
            case YAML_SEQUENCE_END_EVENT: return Event(kind: .sequenceEnd, location: location)
            case YAML_MAPPING_END_EVENT: return Event(kind: .mappingEnd, location: location)
            case YAML_ALIAS_EVENT:
                return Event(kind: .alias(string(event.data.alias.anchor) ?? ""), location: location)
            case YAML_SEQUENCE_START_EVENT:
                let start = event.data.sequence_start
                return Event(
                    kind: .sequenceStart, location: location, anchor: string(start.anchor),
                    unknownTag: unknown(string(start.tag), known: ["tag:yaml.org,2002:seq"]))
            case YAML_MAPPING_START_EVENT:
                let start = event.data.mapping_start
                return Event(
                    kind: .mappingStart, location: location, anchor: string(start.anchor),
                    unknownTag: unknown(string(start.tag), known: ["tag:yaml.org,2002:map"]))
            case YAML_SCALAR_EVENT: return scalar(event, location)
            default: return Event(kind: .other, location: location)
            }
        }

        private static func scalar(_ event: yaml_event_t, _ location: Location) -> Event {
            let scalar = event.data.scalar
            let bytes = UnsafeBufferPointer(start: scalar.value, count: scalar.length)
            let tag = string(scalar.tag)
            let textTags = ["!", "tag:yaml.org,2002:str"]
            let plainTags = ["null", "bool", "int", "float"].map { "tag:yaml.org,2002:" + $0 }
            let isPlain = tag.map { plainTags.contains($0) } ?? (scalar.plain_implicit == 1)
            return Event(
                kind: .scalar(Scalar(text: String(decoding: bytes, as: UTF8.self), isPlain: isPlain)),
                location: location, anchor: string(scalar.anchor), unknownTag: unknown(tag, known: textTags + plainTags)
            )
        }

        private static func unknown(_ tag: String?, known: [String]) -> String? {
            guard let tag, !known.contains(tag), tag != "!" else { return nil }
            return tag
        }

        private static func string(_ pointer: UnsafeMutablePointer<UInt8>?) -> String? {
            pointer.map { String(cString: $0) }
        }

        private var syntaxError: SyntaxError {
            let state = parser.pointee
            let problem = state.problem.map { String(cString: $0) } ?? "this is not YAML"
            guard state.error == YAML_READER_ERROR else {
                return SyntaxError(location: Location(state.problem_mark), message: Self.explained(problem))
            }
            return SyntaxError(location: location(ofByte: state.problem_offset), message: Self.explained(problem))
        }

        private func location(ofByte offset: Int) -> Location {
            let before = text[..<min(max(0, offset), text.count)]
            let line = before.reduce(1) { $1 == UInt8(ascii: "\n") ? $0 + 1 : $0 }
            let lineStart = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
            return Location(line: line, column: String(decoding: before[lineStart...], as: UTF8.self).count + 1)
        }

        /// libyaml's words, with what would be right where that is plain.
        private static func explained(_ problem: String) -> String {
            let hints = [
                (
                    "cannot start any token",
                    "indent with spaces, never with tabs, and quote text that begins with @ or `"
                ),
                ("tab", "indent with spaces"),
                ("mapping values are not allowed", "a line before may lack its colon or differ in its indentation"),
                ("did not find expected '-' indicator", "all items of a list begin in the same column"),
                ("did not find expected key", "all keys of a mapping begin in the same column"),
                ("could not find expected ':'", "a key is followed by a colon and a space"),
                ("control characters are not allowed", "remove the character"),
                ("UTF-8", "save the file as UTF-8"),
            ]
            let hint = hints.first { problem.contains($0.0) }.map { ": " + $0.1 } ?? ""
            return "this is not YAML: \(problem)\(hint)"
        }
    }
}

extension YAML.Location {
    fileprivate init(_ mark: yaml_mark_t) {
        self.init(line: mark.line + 1, column: mark.column + 1)
    }
}
