import ARP
import EventLoop
import Testing
import Wire

@testable import lbd

@Suite struct IntroductionsTests {
    private static let probe = Probe(.v4(IPv4Address(rawValue: 0xC0A8_0281)), on: 2)
    private static let maker = MACAddress(rawValue: 0xB827_EB12_3456)

    /// Who may have a maker is looked up first, everybody else heard at once; and all is heard in the end.
    @Test func reportsComeThrough() throws {
        let loop = try Loop()
        var heard: [Prober.Report] = []
        let introductions = try Introductions(
            loop: loop, path: "/nonexistent/hwdb.bin", onVendor: { _, _ in Issue.record("nobody knows a maker") },
            deliver: { report in
                heard.append(report)
                if heard.count == 4 { loop.exit(0) }
            })
        introductions.take(.used(Self.probe, by: Self.maker))
        introductions.take(.seen(Self.probe, by: Self.maker))
        #expect(heard.isEmpty)
        let program = Prober.Report.used(Self.probe, by: MACAddress(rawValue: 0x0200_0000_0001))
        introductions.take(program)
        introductions.take(.free(Self.probe))
        #expect(heard == [program, .free(Self.probe)])
        let limit = try loop.timer { loop.exit(1) }
        limit.arm(at: loop.now.advanced(by: .seconds(30)))
        #expect(try loop.run() == 0)
        #expect(heard.dropFirst(2) == [.used(Self.probe, by: Self.maker), .seen(Self.probe, by: Self.maker)])
        introductions.take(.seen(Self.probe, by: Self.maker))
        #expect(heard.count == 5, "it is known by now")
        withExtendedLifetime(limit) {}
    }
}
