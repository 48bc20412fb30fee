import EventLoop
import Foundation
import System
import Testing

@Suite struct FileWriterTests {
    /// A fresh folder, removed by the test.
    static func folder() throws -> URL {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("lbd-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        return url
    }

    @Test func aFileIsReplacedWholeAndNothingElseIsLeft() throws {
        let folder = try Self.folder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appendingPathComponent("pools.yaml").path
        try AtomicFile.write(path: path, contents: Array("old, and longer".utf8), mode: 0o644)
        try AtomicFile.write(path: path, contents: Array("new".utf8), mode: 0o644)
        #expect(try File.read(path, limit: 100) == Array("new".utf8))
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["pools.yaml"])
    }

    @Test func aFileKeepsItsModeAndALinkItsTarget() throws {
        let folder = try Self.folder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appendingPathComponent("real").path
        let link = folder.appendingPathComponent("link").path
        try AtomicFile.write(path: path, contents: [1], mode: 0o640)
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "real")
        try AtomicFile.write(path: link, contents: [2], mode: 0o666)
        #expect(try File.read(path, limit: 1) == [2])
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == "real")
        #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o640)
    }

    @Test func aFailedWriteLeavesNothingBehind() throws {
        let folder = try Self.folder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appendingPathComponent("in-the-way").path
        try FileManager.default.createDirectory(atPath: path + "/full", withIntermediateDirectories: true)
        #expect(throws: Errno.self) { try AtomicFile.write(path: path, contents: [1], mode: 0o644) }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["in-the-way"])
    }

    /// A power cut may leave the temporary file; the next write takes its place.
    @Test func whatAPowerCutLeftIsReplaced() throws {
        let folder = try Self.folder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appendingPathComponent("state").path
        try Data("half".utf8).write(to: folder.appendingPathComponent(".state.new"))
        try AtomicFile.write(path: path, contents: Array("whole".utf8), mode: 0o644)
        #expect(try File.read(path, limit: 100) == Array("whole".utf8))
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["state"])
    }

    @Test func onlyRegularFilesAreRead() throws {
        #expect(throws: Errno.self) { try File.read("/tmp", limit: 100) }
        #expect(throws: Errno.self) { try File.read("/dev/zero", limit: 100) }
    }

    @Test func writesBeyondTheLimitAreRefused() throws {
        let folder = try Self.folder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let writer = try FileWriter(loop: try Loop())
        var outcomes: [Bool] = []
        for number in 0..<FileWriter.maximumWaitingWrites + 5 {
            let path = folder.appendingPathComponent("\(number % 8)").path
            writer.write(path: path, contents: [], mode: 0o600) { result in
                if case .success = result { outcomes.append(true) } else { outcomes.append(false) }
            }
        }
        #expect(writer.flush(within: .seconds(30)))
        #expect(outcomes.filter { $0 }.count == FileWriter.maximumWaitingWrites)
        #expect(outcomes.count == FileWriter.maximumWaitingWrites + 5)
    }

    @Test func outcomesArriveOnTheLoop() throws {
        let loop = try Loop()
        let writer = try FileWriter(loop: loop)
        writer.write(path: "/nonexistent/x", contents: [1], mode: 0o600) { result in
            if case .failure(let error) = result { loop.exit(error.code) } else { loop.exit(-1) }
        }
        #expect(try loop.run() == 2)
    }

    @Test func aFolderThatIsNotThereIsTold() {
        #expect(throws: Errno.self) {
            try AtomicFile.write(path: "/nonexistent/pools.yaml", contents: [1], mode: 0o644)
        }
    }

    @Test func tooLongAFileIsNotRead() throws {
        let folder = try Self.folder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appendingPathComponent("x").path
        try AtomicFile.write(path: path, contents: Array(repeating: 0, count: 101), mode: 0o600)
        #expect(throws: Errno.self) { try File.read(path, limit: 100) }
    }

    @Test func theLastContentWinsAndEveryWriteIsReported() throws {
        let folder = try Self.folder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appendingPathComponent("state.json").path
        let loop = try Loop()
        let writer = try FileWriter(loop: loop)
        var reported = 0
        for number in 0..<200 {
            writer.write(path: path, contents: Array("\(number)".utf8), mode: 0o600) { result in
                if case .success = result { reported += 1 }
            }
        }
        #expect(writer.flush(within: .seconds(30)))
        #expect(reported == 200)
        #expect(try File.read(path, limit: 100) == Array("199".utf8))
    }
}
