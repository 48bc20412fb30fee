import Balancer
import EventLoop
import Foundation
import System
import Testing

@testable import lbd

@Suite struct PoolsFileTests {
    private static let text = """
        address-pools:
        - name: home
          protocol: layer2
          addresses:
          - 192.168.2.128/25

        """

    /// A `pools.yaml` in a fresh folder, which the test removes.
    private static func path() throws -> String {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("lbd-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return folder.appendingPathComponent("pools.yaml").path
    }

    @Test func aFileThatCanBeReadAgainIsNoProblemAnyMore() throws {
        let path = try Self.path()
        defer { try? FileManager.default.removeItem(atPath: Path.split(path).folder) }
        let loop = try Loop()
        let report = Report(loop: loop)
        var pools: [Pools] = []
        let file = PoolsFile(
            path, mirroring: "metallb-system/config", loop: loop, files: try FileWriter(loop: loop), report: report,
            deliver: { event in if case .pools(let read, from: .file) = event { pools.append(read) } })
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        file.read(again: true)
        #expect(report.problems[.pools]?.contains(path) == true)
        try FileManager.default.removeItem(atPath: path)
        try Data(Self.text.utf8).write(to: URL(fileURLWithPath: path))
        file.read(again: false)
        #expect(report.problems[.pools] == nil)
        #expect(pools.map { $0.pools.map(\.name) } == [["home"]])
    }
}
