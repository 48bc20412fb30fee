import Testing

@testable import lbd

/// The tree that libyaml's events make: aliases, merge keys, types and bounds.
@Suite struct YAMLTests {
    /// The tree of `text` in flow style, texts quoted; the mistakes where there are some.
    static func shape(_ text: String) -> String {
        shape(Array(text.utf8))
    }

    static func shape(_ bytes: [UInt8]) -> String {
        var diagnostics = Diagnostics(file: "F")
        let root = YAML.compose(bytes, &diagnostics)
        do {
            try diagnostics.check()
        } catch {
            return error.description
        }
        return root.map(shape) ?? "nothing, and no mistake"
    }

    static func shape(_ node: YAML.Node) -> String {
        switch node.content {
        case .sequence(let items): return "[" + items.map(shape).joined(separator: ", ") + "]"
        case .mapping(let entries):
            return "{" + entries.map { "\($0.key): \(shape($0.value))" }.joined(separator: ", ") + "}"
        case .scalar(let scalar):
            switch scalar.value {
            case .null: return "~"
            case .boolean(let value): return "\(value)"
            case .integer(let number): return "\(number)"
            case .text: return "\"\(scalar.text)\""
            }
        }
    }

    @Test(arguments: [
        ("", "~"), ("# only this\n", "~"), ("---\n...\n", "~"), ("a", "\"a\""),
        ("[1, -7, +7, 0x1F, 010, 0o10, 0b11, 1_000]", "[1, -7, 7, 31, 8, 8, 3, 1000]"),
        (
            "[1.5, 1e3, 0x, 08, +-1, '1', 9223372036854775808]",
            "[\"1.5\", \"1e3\", \"0x\", \"08\", \"+-1\", \"1\", \"9223372036854775808\"]"
        ),
        (
            "[yes, No, on, OFF, True, y, N, tRUE, 'true']",
            "[true, false, true, false, true, true, false, \"tRUE\", \"true\"]"
        ),
        ("[~, null, NULL, '', '~', nULL]", "[~, ~, ~, \"\", \"~\", \"nULL\"]"),
        ("[!!str 1, !!int '1', ! 1]", "[\"1\", 1, \"1\"]"),
        ("a: 65535:65282", "{a: \"65535:65282\"}"),
        ("a: &x [1, 2]\nb: *x\n", "{a: [1, 2], b: [1, 2]}"),
        ("a: &x {k: 1, l: 2}\nb: {<<: *x, k: 3}\n", "{a: {k: 1, l: 2}, b: {k: 3, l: 2}}"),
        ("a: &x {k: 1}\nb: &y {k: 2, l: 2}\nc: {<<: [*x, *y]}\n", "{a: {k: 1}, b: {k: 2, l: 2}, c: {k: 1, l: 2}}"),
        ("a: |\n  one\n  two\n", "{a: \"one\ntwo\n\"}"),
        ("\u{FEFF}a: 1\r\nb: 2\r\n", "{a: 1, b: 2}"),
    ])
    func theTree(text: String, expected: String) {
        #expect(Self.shape(text) == expected)
    }

    @Test(arguments: [
        ("a: &x [*x]\n", "F:1:8: error: alias \"x\" has no anchor before it: write \"&x\" before what it repeats"),
        ("a: {<<: 1}\n", "F:1:9: error: \"<<\" must have a mapping, not \"1\""),
        ("{[a]: 1}\n", "F:1:2: error: a key must be text, not a list"),
        (
            "a: 1\nb: 2\na: 3\nb: 4\n",
            "F:3:1: error: key \"a\" is given twice, first at 1:1: remove one\nF:4:1: error: key \"b\" is given twice, first at 2:1: remove one"
        ),
        ("a: !!binary aGk=\n", "F:1:4: error: unknown tag \"tag:yaml.org,2002:binary\": remove it"),
    ])
    func whatIsNoTree(text: String, expected: String) {
        #expect(Self.shape(text) == expected)
    }

    @Test func bytesThatAreNotUTF8AreToldWithTheirPlace() {
        let shape = Self.shape(Array("a: 1\nü: ".utf8) + [0xFF] + Array("\n".utf8))
        #expect(shape == "F:2:4: error: this is not YAML: invalid leading UTF-8 octet: save the file as UTF-8")
    }

    @Test func depthIsBounded() {
        let (open, close) = (String(repeating: "[", count: 32), String(repeating: "]", count: 32))
        #expect(Self.shape(open + close) == open + close)
        #expect(
            Self.shape("[" + open) == "F:1:33: error: lists and mappings stand more than 32 deep within one another")
    }

    @Test func aliasesCountForTheDepth() {
        let nested = (1..<40).map { "- &a\($0) [*a\($0 - 1)]\n" }.joined()
        #expect(
            Self.shape("- &a0 1\n" + nested)
                == "F:33:9: error: lists and mappings stand more than 32 deep within one another")
    }

    @Test func aliasesThatMultiplyAreBounded() {
        let bomb = (1..<9).map {
            "- &a\($0) [" + Array(repeating: "*a\($0 - 1)", count: 10).joined(separator: ",") + "]\n"
        }
        #expect(Self.shape("- &a0 1\n" + bomb.joined()).hasSuffix("error: the text has more than 100000 values"))
    }

    @Test func lengthIsBounded() {
        let shape = Self.shape([UInt8](repeating: UInt8(ascii: " "), count: YAML.maximumLength + 1))
        #expect(shape == "F:1:1: error: the text has 1048577 bytes, but may have at most 1048576")
    }

    @Test func noMoreThanAHundredMistakesAreTold() throws {
        let lines = Self.shape(String(repeating: "a: 1\n", count: 203)).split(separator: "\n")
        #expect(lines.count == 101)
        #expect(lines.last == "F: error: 102 more mistakes are not shown")
    }

    @Test(arguments: [
        ("plain", "\"plain\""), ("two\nlines\u{1B}[31m", "\"two\\u{a}lines\\u{1b}[31m\""),
        (String(repeating: "x", count: 81), "\"" + String(repeating: "x", count: 80) + "…\""),
    ])
    func textInAMistakeStaysOnItsLine(text: String, expected: String) {
        #expect(quoted(text) == expected)
    }
}
