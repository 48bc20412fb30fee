import Testing
import Wire

@testable import ARP

/// A prober on the networks of the captures: interface 2 is at 02:00:0a:4d:00:0b, interface 3 at 02:00:0a:4d:00:0c.
private struct Host {
    var prober = Prober()
    var now = Instant.zero
    var rng: PRNG
    var sent: [(frame: Frame, at: Instant)] = []
    var reports: [Prober.Report] = []
    var isBroken = false
    private var wakeAt: Instant?

    init(seed: UInt64 = 1) {
        rng = PRNG(seed: seed)
        handle(.interfaces([2: mac(0x0B), 3: mac(0x0C)]))
    }

    mutating func handle(_ event: Prober.Event) {
        for directive in prober.handle(event, at: now, using: &rng) {
            switch directive {
            case .send(let frame, for: let probe):
                sent.append((frame, now))
                if isBroken { handle(.unsent(probe)) }
            case .wake(at: let instant): wakeAt = instant
            case .report(let report): reports.append(report)
            }
        }
    }

    mutating func pass(_ duration: Duration) {
        let end = now.advanced(by: duration)
        while let at = wakeAt, at <= end {
            wakeAt = nil
            now = at
            handle(.timer)
        }
        now = end
    }

    func bytes(_ index: Int) -> [UInt8] {
        var writer = ByteWriter()
        sent[index].frame.write(to: &writer)
        return writer.bytes
    }
}

/// RFC 5227 section 2.1.1.
@Suite struct ProberTests {
    private static let probe = Probe(.v4(address(4, 10)), on: 2)
    private static let probe6 = Probe(.v6(address6(0x0D)), on: 2)

    /// The capture's probe by the interface `index`, whose address ends in `last`.
    private func expected(_ last: UInt8) -> [UInt8] {
        var frame = Capture.probe
        frame[11] = last
        frame[27] = last
        return frame
    }

    // MARK: What is sent

    @Test func threeProbesAndThenItIsFree() {
        var host = Host()
        host.handle(.probe(Self.probe))
        #expect(host.prober.isProbing(on: 2) && !host.prober.isProbing(on: 3))
        host.pass(.seconds(8))
        #expect(host.sent.count == 3)
        for index in 0..<3 { #expect(host.bytes(index) == expected(0x0B)) }
        #expect(host.reports == [.free(Self.probe)])
        #expect(!host.prober.isProbing(on: 2))
    }

    @Test(arguments: UInt64(0)..<20) func theTimesAreThoseOfTheStandard(seed: UInt64) {
        var host = Host(seed: seed)
        host.handle(.probe(Self.probe))
        while host.sent.count < 3, host.now < Instant(nanoseconds: 10_000_000_000) { host.pass(.milliseconds(1)) }
        let times = host.sent.map(\.at)
        #expect(Instant.zero.duration(to: times[0]) <= .seconds(1))
        for (earlier, later) in zip(times, times.dropFirst()) {
            #expect((Duration.seconds(1)...Duration.seconds(2)).contains(earlier.duration(to: later)))
        }
        host.pass(.milliseconds(1_990))
        #expect(host.reports.isEmpty)
        host.pass(.milliseconds(20))
        #expect(host.reports == [.free(Self.probe)])
    }

    /// The capture's frame has a nonce besides, which is optional.
    @Test func inIPv6TheGroupIsAskedFromNoAddress() throws {
        var host = Host()
        host.handle(.probe(Self.probe6))
        host.pass(.seconds(8))
        let expected = bytes(
            """
            3333ff00000d 02000a4d000b 86dd 6000000000183aff 00000000000000000000000000000000
            ff0200000000000000000001ff00000d 87007d40 00000000 fd00004d00000000000000000000000d
            """)
        #expect(host.sent.count == 3 && host.bytes(0) == expected)
        #expect(try NeighborFrame(expected[...]).sourceAddress == .unspecified)
        #expect(host.reports == [.free(Self.probe6)])
    }

    @Test func manyKeepTheirOrderAndThePace() {
        var host = Host()
        let probes = (0..<500).map { Probe(.v4(address(5, 0).advanced(by: $0)), on: 2) }
        for probe in probes { host.handle(.probe(probe)) }
        host.pass(.seconds(60))
        #expect(host.sent.count == 1_500)
        for (earlier, later) in zip(host.sent, host.sent.dropFirst()) {
            #expect(earlier.at.duration(to: later.at) >= .milliseconds(20))
        }
        #expect(host.reports == probes.map { .free($0) })
        // The first does not wait for the last.
        var early = Host()
        for probe in probes { early.handle(.probe(probe)) }
        early.pass(.seconds(8))
        #expect(early.reports.count > 20)
    }

    @Test func whatIsUnderWayIsNotBegunAnewAndMoreThanTheLimitFails() {
        var host = Host()
        host.handle(.probe(Self.probe))
        host.handle(.probe(Self.probe))
        for index in 0..<1_024 { host.handle(.probe(Probe(.v4(address(8, 0).advanced(by: index)), on: 2))) }
        #expect(host.reports == [.failed(Probe(.v4(address(8, 0).advanced(by: 1_023)), on: 2))])
    }

    @Test func whatCannotBeSentHasFailed() {
        var host = Host()
        host.handle(.probe(Probe(Self.probe.address, on: 9)))
        #expect(host.reports == [.failed(Probe(Self.probe.address, on: 9))])
        host.isBroken = true
        host.handle(.probe(Self.probe))
        host.pass(.seconds(8))
        #expect(host.sent.count == 1 && host.reports.last == .failed(Self.probe))
        // Its cable is pulled meanwhile.
        var other = Host()
        other.handle(.probe(Self.probe))
        other.pass(.seconds(3))
        other.handle(.interfaces([:]))
        other.pass(.seconds(8))
        #expect(other.reports == [.failed(Self.probe)])
    }

    // MARK: What is heard

    /// A frame of 02:00:0a:4d:00:01's, or of another one's, for 10.77.4.10.
    private func arp(
        _ operation: Packet.Operation, sender: IPv4Address, target: IPv4Address, _ station: MACAddress = mac(1)
    ) -> ArraySlice<UInt8> {
        let packet = Packet(
            operation: operation, senderHardwareAddress: station, senderProtocolAddress: sender,
            targetHardwareAddress: .zero, targetProtocolAddress: target)
        return written(EthernetFrame(destination: .broadcast, source: station, packet: packet))[...]
    }

    private func reports(hearing frame: ArraySlice<UInt8>, on index: UInt32 = 2) -> [Prober.Report] {
        var host = Host()
        host.handle(.probe(Self.probe))
        host.handle(.probe(Self.probe6))
        host.pass(.seconds(2))
        host.handle(.received(frame, on: index))
        return host.reports
    }

    @Test func whoeverNamesItAsHisOwnHasIt() {
        let (wanted, other) = (address(4, 10), address(0, 1))
        #expect(reports(hearing: arp(.reply, sender: wanted, target: other)) == [.used(Self.probe, by: mac(1))])
        #expect(reports(hearing: arp(.request, sender: wanted, target: other)) == [.used(Self.probe, by: mac(1))])
        #expect(reports(hearing: arp(.request, sender: wanted, target: wanted)) == [.used(Self.probe, by: mac(1))])
        #expect(reports(hearing: arp(.request, sender: other, target: wanted)).isEmpty)
        #expect(reports(hearing: arp(.reply, sender: wanted, target: other), on: 3).isEmpty)
        #expect(reports(hearing: arp(.reply, sender: other, target: wanted)).isEmpty)
    }

    /// Two hosts are about to take it at the same time.
    @Test func whoProbesForItTooCounts() {
        #expect(reports(hearing: Capture.probe[...]) == [.used(Self.probe, by: mac(1))])
        let reply = arp(.reply, sender: .unspecified, target: address(4, 10))
        #expect(reports(hearing: reply).isEmpty, "a reply without a sender says nothing")
    }

    /// Two interfaces on one network, and a switch that returns what it gets.
    @Test func whatThisNodeSendsIsNobodyElse() {
        for last in [0x0B, 0x0C] as [UInt8] { #expect(reports(hearing: expected(last)[...]).isEmpty) }
        let group = arp(.reply, sender: address(4, 10), target: address(0, 1), .broadcast)
        #expect(reports(hearing: group).isEmpty)
    }

    @Test func inIPv6AnAdvertisementOrAProbeTells() throws {
        #expect(reports(hearing: NeighborCapture.probe[...]).isEmpty, "it is this node's own")
        var probe = NeighborCapture.probe
        probe[11] = 0x0E
        #expect(reports(hearing: probe[...]) == [.used(Self.probe6, by: mac(0x0E))])
        let advertisement = Frame.ndp(.unsolicited(for: address6(0x0D), from: mac(0x0E)))
        var writer = ByteWriter()
        advertisement.write(to: &writer)
        #expect(reports(hearing: writer.bytes[...]) == [.used(Self.probe6, by: mac(0x0E))])
        #expect(reports(hearing: NeighborCapture.advertisement[...]).isEmpty)
    }

    // MARK: What is watched

    @Test func whoeverIsSeenAtAWatchedAddressIsTold() {
        var host = Host()
        let frame = arp(.request, sender: address(4, 10), target: address(0, 1))
        host.handle(.received(frame, on: 2))
        #expect(host.reports.isEmpty)
        host.handle(.watch(["10.77.4.0/24"].compactMap(range)))
        host.handle(.received(frame, on: 2))
        #expect(host.reports == [.seen(Self.probe, by: mac(1))])
        // Not for each frame; and of each station.
        host.pass(.milliseconds(900))
        host.handle(.received(frame, on: 2))
        #expect(host.reports.count == 1)
        host.handle(.received(arp(.reply, sender: address(4, 10), target: address(0, 1), mac(3)), on: 2))
        #expect(host.reports.last == .seen(Self.probe, by: mac(3)))
        host.pass(.milliseconds(100))
        host.handle(.received(frame, on: 2))
        #expect(host.reports.count == 3)
        host.handle(.received(arp(.reply, sender: address(5, 10), target: address(0, 1)), on: 2))
        #expect(host.reports.count == 3, "it is not watched")
        host.handle(.watch([]))
        host.pass(.seconds(2))
        host.handle(.received(frame, on: 2))
        #expect(host.reports.count == 3)
    }

    @Test func whatIsProbedIsToldAsThat() {
        var host = Host()
        host.handle(.watch(["10.77.4.0/24"].compactMap(range)))
        host.handle(.probe(Self.probe))
        host.handle(.received(arp(.reply, sender: address(4, 10), target: address(0, 1)), on: 2))
        #expect(host.reports == [.used(Self.probe, by: mac(1))])
    }

    @Test func onceItIsKnownNothingMoreIsSent() {
        var host = Host()
        host.handle(.probe(Self.probe))
        host.pass(.seconds(1))
        let sent = host.sent.count
        host.handle(.received(arp(.reply, sender: address(4, 10), target: address(0, 1)), on: 2))
        host.pass(.seconds(8))
        #expect(host.sent.count == sent && host.reports.count == 1)
        host.handle(.probe(Self.probe))
        host.pass(.seconds(8))
        #expect(host.reports.last == .free(Self.probe))
    }

    @Test func nonsenseIsDropped() {
        for length in 0..<42 { #expect(reports(hearing: Capture.probe.prefix(length)).isEmpty) }
    }
}

extension IPv4Address {
    fileprivate func advanced(by count: Int) -> IPv4Address { IPv4Address(rawValue: rawValue + UInt32(count)) }
}

/// What the kernel lets through.
@Suite struct BearerFilterTests {
    private static let ranges = ["10.77.4.8-10.77.4.12", "10.77.0.11/32", "192.168.0.0/16", "fd00:4d::c/126"]

    private func accepts(
        _ family: AddressFamily, _ frame: [UInt8], in ranges: [String] = ranges
    ) throws -> Bool {
        let filter = Filter.bearers(of: family, in: ranges.compactMap(range))
        let count = try BPFMachine.run(filter.instructions, on: frame)
        return count > 0 && count >= UInt32(frame.count)
    }

    @Test func whoHasAnAddressOfThePoolsOrIsAboutToTakeOne() throws {
        #expect(try accepts(.ipv4, Capture.request), "its sender is 10.77.0.11")
        #expect(try accepts(.ipv4, Capture.request, in: ["10.77.0.0-10.77.0.11"]))
        #expect(try !accepts(.ipv4, Capture.request, in: ["10.77.0.1/32"]), "its target is no matter")
        #expect(try !accepts(.ipv4, Capture.reply), "its sender is 10.77.0.1")
        #expect(try accepts(.ipv4, Capture.reply, in: ["10.77.0.1/32"]))
        #expect(try accepts(.ipv4, Capture.gratuitousRequest.prefix(42) + [], in: ["10.77.4.11-10.77.4.12"]))
        #expect(try accepts(.ipv4, Capture.probe), "nobody probes for 10.77.4.10")
        #expect(try !accepts(.ipv4, Capture.probe, in: ["10.77.4.11/32"]))
        #expect(try !accepts(.ipv4, Capture.probe, in: []))
    }

    @Test func thatOfIPv6() throws {
        for frame in [NeighborCapture.solicitation, NeighborCapture.advertisement, NeighborCapture.probe] {
            #expect(try accepts(.ipv6, frame))
            #expect(try !accepts(.ipv6, frame, in: ["fd00:4d::10/126"]))
            #expect(try !accepts(.ipv4, frame))
        }
        for (offset, byte) in [(21, 64), (20, 17), (54, 134), (54, 137), (55, 1)] as [(Int, UInt8)] {
            var frame = NeighborCapture.solicitation
            frame[offset] = byte
            #expect(try !accepts(.ipv6, frame))
        }
    }

    @Test func nothingElsePasses() throws {
        #expect(try !accepts(.ipv6, Capture.request))
        for (offset, byte) in [(12, 9), (15, 6), (17, 1)] as [(Int, UInt8)] {
            var frame = Capture.request
            frame[offset] = byte
            #expect(try !accepts(.ipv4, frame))
        }
        for length in 0..<32 { #expect(try !accepts(.ipv4, Array(Capture.request.prefix(length)))) }
    }

    @Test func withManyRangesSomeMorePassAndNeverLess() throws {
        let many = (0..<200).map { "10.\($0).0.1-10.\($0).0.2" } + ["10.77.0.11/32", "10.77.4.10/32"]
        #expect(try accepts(.ipv4, Capture.request, in: many))
        #expect(try accepts(.ipv4, Capture.probe, in: many))
        #expect(try !accepts(.ipv4, Capture.request, in: ["172.16.0.0/12"] + (0..<59).map { "11.\($0).0.0/16" }))
    }
}
