/// All that `lbd doctor` found.
struct Diagnosis: Codable, Hashable {
    /// The node's name in Kubernetes.
    var node: String
    /// The version of the program that looked.
    var version: String
    /// By topic, in the order of the topics.
    var findings: [Finding]

    /// A diagnosis of `node`; the findings are put into the order of their topics.
    init(node: String, findings: [Finding]) {
        self.node = node
        version = lbd.version
        self.findings = Finding.Topic.allCases.flatMap { topic in findings.filter { $0.topic == topic } }
    }

    /// Whether something is wrong. What could not be looked at is not.
    var isWrong: Bool { findings.contains { $0.level.isWrong } }

    /// What is printed for people: plain text of at most 100 columns, where the words allow.
    var text: String {
        let topics = Finding.Topic.allCases.compactMap { topic -> [String]? in
            let lines = findings.filter { $0.topic == topic }.flatMap(Self.lines)
            return lines.isEmpty ? nil : [topic.title] + lines
        }
        return ([["lbd \(version) looks at \(printable(node)): \(summary)"]] + topics)
            .map { $0.joined(separator: "\n") }.joined(separator: "\n\n")
    }

    private var summary: String {
        let parts = [
            count(.error, "error"), count(.warning, "warning"), count(.hint, "hint"),
            count(.unknown, "thing", "that could not be looked at"),
        ].compactMap { $0 }
        return parts.isEmpty ? "nothing is wrong" : parts.joined(separator: ", ")
    }

    private func count(_ level: Finding.Level, _ noun: String, _ rest: String? = nil) -> String? {
        let number = findings.count { $0.level == level }
        guard number > 0 else { return nil }
        return "\(number) \(noun)\(number == 1 ? "" : "s")" + (rest.map { " \($0)" } ?? "")
    }

    private static func lines(of finding: Finding) -> [String] {
        let mark =
            switch finding.level {
            case .fine: "ok   "
            case .hint: "hint "
            case .unknown: "??   "
            case .warning: "!    "
            case .error: "!!   "
            }
        let what = TextTable.wrapped(printable(finding.what), firstIndent: 5, otherIndent: 5)
        let first = mark + (what.first?.dropFirst(mark.count) ?? "")
        let advice = finding.advice.map { TextTable.wrapped(printable($0), firstIndent: 9, otherIndent: 9) } ?? []
        return [first] + what.dropFirst() + advice
    }
}
