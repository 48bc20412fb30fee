import Balancer
import FoundationEssentials
import KubeWatch
import System
import Testing
import Wire

@testable import lbd

@Suite struct StateFolderTests {
    /// What is read of a file with these contents.
    private func saved(_ contents: [UInt8]) throws -> Saved? {
        let path = FileManager.default.temporaryDirectory.path + "/lbd-state-\(UInt64.random(in: 0...(.max)))"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Folder.make(path, mode: 0o700)
        try AtomicFile.write(path: path + "/saved.json", contents: contents, mode: 0o600)
        return try StateFolder(path).saved
    }

    @Test func whatIsKeptIsReadAgain() throws {
        let addresses = ["192.168.1.240", "fd00::5"].compactMap { IPAddress($0) }
        let keys = ["a", "b"].map { ObjectKey(namespace: "default", name: $0) }
        let kept = Saved(
            announced: ["uid": ["192.168.1.240"]], remembered: [addresses[0]: keys, addresses[1]: [keys[1]]])
        #expect(try saved(StateFolder.encode(kept)) == kept)
    }

    @Test func theFileOfADaemonThatRememberedNothingIsRead() throws {
        #expect(
            try saved(Array(#"{"announced": {"uid": ["192.168.1.240"]}}"#.utf8))
                == Saved(announced: ["uid": ["192.168.1.240"]]))
    }

    @Test func whatMakesNoSenseIsLeftOut() throws {
        let text = #"""
            {"announced": {}, "remembered": {
              "192.168.1.240": ["default/b", "a", "/a", "a/", "a/b/c", "default/a"], "192.168.1.300": ["default/a"],
              "192.168.1.241": ["a"], "192.168.1.242": []
            }}
            """#
        let address = try #require(IPAddress("192.168.1.240"))
        let keys = ["a", "b"].map { ObjectKey(namespace: "default", name: $0) }
        #expect(try saved(Array(text.utf8)) == Saved(remembered: [address: keys]))
        #expect(try saved(Array(#"{"announced": {}, "remembered": 5}"#.utf8)) == nil)
    }
}
