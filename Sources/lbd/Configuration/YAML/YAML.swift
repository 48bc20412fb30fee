/// YAML 1.1 text as a tree that knows where each part stands in the text.
enum YAML {
    /// The most bytes that a text may have.
    static let maximumLength = 1 << 20
    /// The most lists and mappings that may stand within one another.
    static let maximumDepth = 32
    /// The most nodes that a text may have, those counted again that an alias repeats.
    static let maximumNodes = 100_000

    /// A place in a text; lines and columns (characters) count from 1.
    struct Location: Hashable, Comparable, Sendable, CustomStringConvertible {
        var line: Int
        var column: Int

        static let start = Location(line: 1, column: 1)

        static func < (left: Location, right: Location) -> Bool {
            (left.line, left.column) < (right.line, right.column)
        }

        var description: String { "\(line):\(column)" }
    }

    /// One node of the tree.
    struct Node: Hashable, Sendable {
        var location: Location
        var content: Content
    }

    /// What a node is.
    indirect enum Content: Hashable, Sendable {
        case scalar(Scalar)
        case sequence([Node])
        case mapping([Entry])
    }

    /// A key of a mapping and its value. Keys of one mapping differ in their text.
    struct Entry: Hashable, Sendable {
        var key: String
        var keyLocation: Location
        var value: Node
    }
}

extension YAML.Node {
    /// Whether the node is an empty value, `~` or `null`.
    var isNull: Bool {
        if case .scalar(let scalar) = content, case .null = scalar.value { true } else { false }
    }

    /// What the node is, in words that follow "not".
    var kind: String {
        switch content {
        case .sequence: "a list"
        case .mapping: "a mapping"
        case .scalar(let scalar):
            if case .null = scalar.value { "empty" } else { quoted(scalar.text) }
        }
    }
}
