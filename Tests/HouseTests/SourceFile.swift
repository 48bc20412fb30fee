import Foundation

/// A Swift file below `Sources`, with its comments blanked.
struct SourceFile: Sendable {
    /// The path below the root of the tree.
    let path: String
    /// The lines, without comments.
    let code: [String]

    /// The folder below `Sources`.
    var module: String { String(path.split(separator: "/")[1]) }

    /// The modules that the file imports.
    var imports: [String] {
        code.compactMap { line in
            let words = line.split(separator: " ")
            guard let keyword = words.firstIndex(of: "import"), keyword <= 1, keyword + 1 < words.count else {
                return nil
            }
            return String(words[keyword + 1])
        }
    }

    /// All Swift files below `Sources`, by path.
    static func all() -> [SourceFile] {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let names = FileManager.default.enumerator(atPath: root.appendingPathComponent("Sources").path)
        return (names?.allObjects as? [String] ?? []).filter { $0.hasSuffix(".swift") }.sorted().compactMap { name in
            let text = try? String(contentsOf: root.appendingPathComponent("Sources/\(name)"), encoding: .utf8)
            return text.map { SourceFile(path: "Sources/\(name)", code: withoutComments($0)) }
        }
    }

    private static func withoutComments(_ text: String) -> [String] {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            guard let comment = line.range(of: "//"), !line[..<comment.lowerBound].contains("\"") else {
                return String(line)
            }
            return String(line[..<comment.lowerBound])
        }
    }
}
