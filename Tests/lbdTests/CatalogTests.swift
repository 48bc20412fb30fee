import Balancer
import Foundation
import Testing

@testable import lbd

/// `systemd/lbd.catalog` explains each kind of line, and nothing else.
@Suite struct CatalogTests {
    private struct Entry {
        var id: String
        var headers: [String: String] = [:]
        var body: [String] = []
    }

    private let ids = Record.MessageID.allCases.map(\.rawValue) + MessageID.allCases.map(\.rawValue)

    private func entries() throws -> [Entry] {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let text = try String(contentsOf: root.appendingPathComponent("systemd/lbd.catalog"), encoding: .utf8)
        var entries: [Entry] = []
        for line in text.components(separatedBy: "\n") where !line.hasPrefix("#") {
            if line.hasPrefix("-- ") {
                entries.append(Entry(id: String(line.dropFirst(3))))
            } else if var entry = entries.popLast() {
                if entry.body.isEmpty, let colon = line.range(of: ": ") {
                    entry.headers[String(line[..<colon.lowerBound])] = String(line[colon.upperBound...])
                } else {
                    entry.body.append(line)
                }
                entries.append(entry)
            }
        }
        return entries
    }

    @Test func eachKindOfLineIsExplainedOnce() throws {
        #expect(Set(ids).count == ids.count)
        #expect(try entries().map(\.id) == ids.sorted())
    }

    @Test func eachEntryIsComplete() throws {
        for entry in try entries() {
            #expect(entry.headers["Subject"]?.isEmpty == false, "\(entry.id)")
            #expect(entry.headers["Defined-By"] == "lbd", "\(entry.id)")
            #expect(entry.headers["Documentation"]?.hasPrefix("man:lbd") == true, "\(entry.id)")
            #expect(entry.body.first == "" && entry.body.count > 2, "\(entry.id) explains nothing")
            #expect(entry.body.allSatisfy { $0.count <= 88 }, "\(entry.id) has a long line")
        }
    }

    /// journalctl prints a field that a line does not bear as it stands in the catalogue.
    @Test func onlyOurFieldsAreNamed() throws {
        let known: Set = ["LBD_SERVICE", "LBD_ADDRESS", "LBD_NODE", "LBD_INTERFACE"]
        for entry in try entries() {
            let text = ([entry.headers["Subject"] ?? ""] + entry.body).joined(separator: " ")
            let fields = text.split(separator: "@", omittingEmptySubsequences: false).enumerated()
                .filter { $0.offset % 2 == 1 }.map { String($0.element) }
            #expect(fields.allSatisfy(known.contains), "\(entry.id) names \(fields)")
        }
    }
}
