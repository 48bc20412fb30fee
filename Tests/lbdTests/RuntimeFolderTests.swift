import Balancer
import Foundation
import System
import Testing
import Wire

@testable import lbd

@Suite struct RuntimeFolderTests {
    private static let inheritance = Inheritance(
        claims: [
            Claim(.v4(IPv4Address(rawValue: 0xC0A8_0280)), on: 2), Claim(.v6(IPv6Address(high: 1, low: 2)), on: 3),
        ],
        routed: Inheritance.Routed(
            addresses: [.v4(IPv4Address(rawValue: 0x0A09_0001))], labels: ["rack": "a"],
            nodeAddresses: [.v4(IPv4Address(rawValue: 0xC0A8_020B)), .v6(IPv6Address(high: 1, low: 3))]),
        leftAt: Instant(nanoseconds: 1_500_000_000))

    @Test func whatIsLeftIsFoundOnce() throws {
        let place = FileManager.default.temporaryDirectory.appendingPathComponent("lbd-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: place) }
        let folder = RuntimeFolder(place.path)
        #expect(folder.takeInheritance() == nil)
        try AtomicFile.write(
            path: folder.inheritancePath, contents: RuntimeFolder.encode(Self.inheritance), mode: 0o600)
        #expect(folder.takeInheritance() == Self.inheritance)
        #expect(folder.takeInheritance() == nil)
    }

    @Test(arguments: ["", "{}", "[1]", #"{"leftAtNanoseconds": "now", "claims": []}"#])
    func whatIsNoInheritanceIsNone(text: String) {
        #expect(RuntimeFolder.decode(Array(text.utf8)) == nil)
    }

    @Test func anEntryThatMakesNoSenseIsLeftOut() {
        let text = #"""
            {"leftAtNanoseconds": 5, "claims": [
            {"address": "192.168.2.300", "interfaceIndex": 2}, {"address": "192.168.2.128", "interfaceIndex": 2}]}
            """#
        #expect(RuntimeFolder.decode(Array(text.utf8))?.claims.map(\.address.description) == ["192.168.2.128"])
    }
}
