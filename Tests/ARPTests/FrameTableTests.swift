import Foundation
import Testing
import Wire

@testable import ARP

/// `Tests/frames.txt`: the frames by their names.
private let table: [String: [UInt8]] = {
    let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("frames.txt")
    var frames: [String: [UInt8]] = [:]
    var name = ""
    for line in ((try? String(contentsOf: path, encoding: .utf8)) ?? "").split(separator: "\n") {
        if line.hasPrefix("  ") {
            frames[name, default: []] += bytes(String(line))
        } else if !line.hasPrefix("#") {
            name = String(line)
        }
    }
    return frames
}()

/// Every frame that the state machines send, each made by the one that sends it.
@Suite struct FrameTableTests {
    private static let own = MACAddress(rawValue: 0x0200_C0A8_020B)
    private static let addresses = ["192.168.2.200", "fd00:2::1000"].compactMap { IPAddress($0) }
    private static let others = ["192.168.2.201", "fd00:2::1001"].compactMap { IPAddress($0) }

    /// What an announcer sends that has the addresses, of what was asked by `frames`.
    private func announced(asked frames: [Frame] = []) -> [[UInt8]] {
        var announcer = Announcer(refreshInterval: .zero)
        var rng = PRNG(seed: 1)
        var directives = announcer.handle(.interface(2, Self.own), at: .zero, using: &rng)
        for address in Self.addresses { directives += announcer.handle(.take(address, on: 2), at: .zero, using: &rng) }
        if !frames.isEmpty { directives = [] }
        for frame in frames {
            directives += announcer.handle(.received(written(frame)[...], on: 2), at: .zero, using: &rng)
        }
        return directives.compactMap { if case .send(let frame, on: 2) = $0 { written(frame) } else { nil } }
    }

    private func named(_ names: String...) throws -> [[UInt8]] {
        try names.map { try #require(table[$0], "no frame is called \($0)") }
    }

    @Test func theTableHoldsEveryKindOnce() {
        let kinds = ["arp-probe", "arp-reply", "arp-announcement-request", "arp-announcement-reply", "arp-question"]
        let others = ["ndp-probe", "ndp-answer", "ndp-announcement", "ndp-question", "mld-report"]
        #expect(table.keys.sorted() == (kinds + others).sorted())
        #expect(Set(table.values).count == table.count)
    }

    @Test func announcements() throws {
        let expected = try named("arp-announcement-request", "arp-announcement-reply", "ndp-announcement")
        #expect(announced() == expected)
    }

    @Test func answers() throws {
        let asker = MACAddress(rawValue: 0x0200_C0A8_0232)
        let prefixes = ["192.168.2.50/24", "fd00:2::50/64"].compactMap { Prefix($0) }
        let station = Resolver.Station(asker, addresses: prefixes)
        let questions = Self.addresses.compactMap { Frame.question(who: $0, from: station) }
        #expect(announced(asked: questions) == (try named("arp-reply", "ndp-answer")))
        // To this node alone, and by one who has no address yet.
        let sixth = try #require(IPv6Address("fd00:2::1000"))
        let alone = NeighborFrame(
            destination: Self.own, source: asker, sourceAddress: try #require(IPv6Address("fd00:2::50")),
            destinationAddress: sixth,
            message: .solicitation(NeighborSolicitation(target: sixth, sourceHardwareAddress: asker)))
        let probe = Frame.probe(for: .v6(sixth), from: asker)
        #expect(announced(asked: [.ndp(alone), probe]) == (try named("ndp-answer", "ndp-announcement")))
    }

    @Test func probes() throws {
        var prober = Prober()
        var rng = PRNG(seed: 1)
        var now = Instant.zero
        var sent: [[UInt8]] = []
        var directives = prober.handle(.interfaces([2: Self.own]), at: now, using: &rng)
        for address in Self.addresses {
            directives += prober.handle(.probe(Probe(address, on: 2)), at: now, using: &rng)
        }
        while sent.count < 2, now < Instant.zero.advanced(by: Prober.probeWait * 2) {
            sent += directives.compactMap { if case .send(let frame, for: _) = $0 { written(frame) } else { nil } }
            now = now.advanced(by: .milliseconds(10))
            directives = prober.handle(.timer, at: now, using: &rng)
        }
        #expect(sent == (try named("arp-probe", "ndp-probe")))
    }

    @Test func questions() throws {
        var resolver = Resolver()
        let prefixes = ["192.168.2.11/24", "fe80::c0ff:fea8:20b/64", "fd00:2::11/64"].compactMap { Prefix($0) }
        _ = resolver.handle(.interfaces([2: Resolver.Station(Self.own, addresses: prefixes)]), at: .zero)
        let directives = Self.others.flatMap { resolver.handle(.ask(Question($0, on: 2)), at: .zero) }
        let sent = directives.compactMap { if case .send(let frame, for: _) = $0 { written(frame) } else { nil } }
        #expect(sent == (try named("arp-question", "ndp-question")))
    }
}
