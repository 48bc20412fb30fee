import EventLoop
import Foundation
import Testing
import Wire

@Suite struct HardwareDatabaseTests {
    /// What systemd-hwdb(8) makes of two entries: OUI:B827EB* for Raspberry Pi Foundation, OUI:8C1F64AFE* for Example Works.
    private static let image = """
        S1NMUEhIUkj8AAAAAAAAAJMBAAAAAAAAUAAAAAAAAAAYAAAAAAAAABAAAAAAAAAAIAAAAAAAAAD4AAAAAAAAANAAAAAAAAAAcwAA
        AAAAAAB7AQAAAAAAAAAAAAAAAAAAAQAAAAAAAAAsAQAAAAAAAIUBAAAAAAAAWgEAAAAAAAAFAAAAAQAAACUBAAAAAAAAAAAAAAAA
        AAABAAAAAAAAACwBAAAAAAAAQgEAAAAAAABaAQAAAAAAAAIAAAABAAAAdwEAAAAAAAACAAAAAAAAAAAAAAAAAAAAOAAAAAAAAABQ
        AAAAAAAAAEIAAAAAAAAAiAAAAAAAAAAgAQAAAAAAAAEAAAAAAAAAAAAAAAAAAABPAAAAAAAAAMAAAAAAAAAAAFVJOkI4MjdFQioA
        IElEX09VSV9GUk9NX0RBVEFCQVNFAFJhc3BiZXJyeSBQaSBGb3VuZGF0aW9uAC9ldGMvdWRldi9od2RiLmQvMjAtT1VJLmh3ZGIA
        VUk6AEMxRjY0QUZFKgBFeGFtcGxlIFdvcmtzAA==
        """

    @Test func makersAreKnownByTheFirstBytes() throws {
        let folder = try FileWriterTests.folder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appendingPathComponent("hwdb.bin")
        try #require(Data(base64Encoded: Self.image, options: .ignoreUnknownCharacters)).write(to: file)
        let database = try #require(HardwareDatabase(path: file.path))
        #expect(database.vendor(of: MACAddress(rawValue: 0xB827_EB12_3456)) == "Raspberry Pi Foundation")
        // Blocks of IEEE's may be smaller.
        #expect(database.vendor(of: MACAddress(rawValue: 0x8C1F_64AF_E001)) == "Example Works")
        #expect(database.vendor(of: MACAddress(rawValue: 0x8C1F_64AF_F001)) == nil)
        // Made up by a program, and for a group: nobody's.
        #expect(database.vendor(of: MACAddress(rawValue: 0xBA27_EB12_3456)) == nil)
        #expect(database.vendor(of: MACAddress(rawValue: 0xB927_EB12_3456)) == nil)
    }

    /// On a thread of its own, one after the other, and told from the loop.
    @Test func aFinderTellsFromTheLoop() throws {
        let folder = try FileWriterTests.folder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appendingPathComponent("hwdb.bin")
        try #require(Data(base64Encoded: Self.image, options: .ignoreUnknownCharacters)).write(to: file)
        let loop = try Loop()
        var found: [String] = []
        let finder = try VendorFinder(loop: loop, path: file.path) { station, vendor in
            found.append("\(station) \(vendor ?? "nobody")")
            if found.count == 3 { loop.exit(0) }
        }
        let limit = try loop.timer { loop.exit(1) }
        limit.arm(at: loop.now.advanced(by: .seconds(30)))
        let stations: [UInt64] = [0xB827_EB12_3456, 0xB827_EB00_0001, 0x0000_5E00_0001]
        for station in stations { finder.find(MACAddress(rawValue: station)) }
        #expect(try loop.run() == 0)
        #expect(
            found == [
                "b8:27:eb:12:34:56 Raspberry Pi Foundation", "b8:27:eb:00:00:01 Raspberry Pi Foundation",
                "00:00:5e:00:00:01 nobody",
            ])
        withExtendedLifetime((finder, limit)) {}
    }

    @Test func withoutADatabaseNobodyIsKnown() {
        #expect(HardwareDatabase(path: "/nonexistent/hwdb.bin") == nil)
    }
}
