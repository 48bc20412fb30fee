import ARP
import Testing
import Wire

/// A resolver on the network of the captures: interface 2 is 10.77.0.11 at 02:00:0a:4d:00:0b.
private struct Host {
    var resolver = Resolver()
    var now = Instant.zero
    var sent: [Frame] = []
    var reports: [Resolver.Report] = []
    var isBroken = false
    private var wakeAt: Instant?

    init(_ addresses: String = "10.77.0.11/24") {
        let prefixes = addresses.split(separator: ",").compactMap { Prefix($0) }
        handle(.interfaces([2: Resolver.Station(mac(0x0B), addresses: prefixes)]))
    }

    mutating func handle(_ event: Resolver.Event) {
        for directive in resolver.handle(event, at: now) {
            switch directive {
            case .send(let frame, for: let question):
                sent.append(frame)
                if isBroken { handle(.unsent(question)) }
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
}

@Suite struct ResolverTests {
    private static let gateway = Question(.v4(address(0, 1)), on: 2)

    @Test func aQuestionIsWhatAHostAsks() {
        var host = Host()
        host.handle(.ask(Self.gateway))
        #expect(host.sent.map(written) == [Capture.request])
        #expect(host.resolver.isAsking(on: 2) && !host.resolver.isAsking(on: 3))
    }

    @Test func whereTheNodeHasNoAddressItProbes() {
        var host = Host("")
        host.handle(.ask(Question(.v4(address(4, 10)), on: 2)))
        var expected = Capture.probe
        expected[11] = 0x0B
        expected[27] = 0x0B
        #expect(host.sent.map(written) == [expected])
    }

    /// Of several addresses that of the asked one's network, else the first.
    @Test func itAsksFromTheNearestAddress() {
        var host = Host("10.1.0.1/24,10.77.0.11/24")
        host.handle(.ask(Self.gateway))
        host.handle(.ask(Question(.v4(IPv4Address(rawValue: 0x0A02_0001)), on: 2)))
        let senders = host.sent.compactMap { sent in
            if case .arp(let frame) = sent { frame.packet.senderProtocolAddress } else { nil }
        }
        #expect(senders == [address(0, 11), IPv4Address(rawValue: 0x0A01_0001)])
    }

    @Test func anAnswerIsToldAtOnceAndEndsTheAsking() {
        var host = Host()
        host.handle(.ask(Self.gateway))
        host.pass(.milliseconds(1))
        host.handle(.received(Capture.reply[...], on: 2))
        host.handle(.received(Capture.reply[...], on: 2))
        #expect(host.reports == [.answered(Self.gateway, by: mac(1))])
        host.pass(.seconds(1))
        #expect(host.sent.count == 1)
        #expect(host.reports.last == .ended(Self.gateway, answers: [mac(1)]))
        #expect(!host.resolver.isAsking(on: 2))
    }

    @Test func allStationsThatAnswerAreTold() {
        var host = Host()
        host.handle(.ask(Self.gateway))
        var other = Capture.reply
        other[27] = 0x0C
        host.handle(.received(Capture.reply[...], on: 2))
        host.handle(.received(other[...], on: 2))
        host.pass(.milliseconds(100))
        #expect(host.reports.last == .ended(Self.gateway, answers: [mac(1), mac(0x0C)]))
    }

    @Test func whereNobodyAnswersItIsAskedAFewTimes() {
        var host = Host()
        host.handle(.ask(Self.gateway))
        host.handle(.ask(Self.gateway))
        host.pass(.milliseconds(299))
        #expect(host.sent.count == Resolver.requestCount && host.reports.isEmpty)
        host.pass(.milliseconds(1))
        #expect(host.reports == [.ended(Self.gateway, answers: [])])
        host.handle(.ask(Self.gateway))
        #expect(host.sent.count == Resolver.requestCount + 1)
    }

    /// What cannot be asked says nothing about the other.
    @Test func whatCannotBeAskedHasFailed() {
        var host = Host()
        host.handle(.ask(Question(.v4(address(0, 1)), on: 3)))
        host.isBroken = true
        host.handle(.ask(Self.gateway))
        host.pass(.seconds(1))
        #expect(Set(host.reports) == [.failed(Question(.v4(address(0, 1)), on: 3)), .failed(Self.gateway)])
    }

    @Test func whatIsNoAnswerToThisNodeIsDropped() {
        var host = Host("10.77.4.1/24")
        host.handle(.ask(Self.gateway))
        host.handle(.ask(Question(.v4(address(4, 11)), on: 2)))
        func changed(_ offset: Int, _ byte: UInt8) -> [UInt8] {
            var frame = Capture.reply
            frame[offset] = byte
            return frame
        }
        let others = [
            Capture.gratuitousReply, Capture.request, changed(5, 0x0C), changed(37, 0x0C), changed(31, 9),
            changed(22, 0x03), changed(27, 0x0B), Array(Capture.reply.prefix(41)),
        ]
        for frame in others { host.handle(.received(frame[...], on: 2)) }
        host.handle(.received(Capture.reply[...], on: 3))
        #expect(host.reports.isEmpty)
        host.handle(.received(Capture.reply[...], on: 2))
        #expect(host.reports.count == 1)
    }

    @Test func thereAreNoMoreThanAFewQuestionsAtOnce() {
        var host = Host()
        for low in UInt32(0)..<64 { host.handle(.ask(Question(.v4(address(4, low)), on: 2))) }
        #expect(host.reports.isEmpty)
        host.handle(.ask(Self.gateway))
        #expect(host.reports == [.failed(Self.gateway)])
    }

    @Test func theFilterLetsRepliesThroughAndNothingElse() throws {
        let program = Filter.answers(of: .ipv4).instructions
        #expect(try BPFMachine.run(program, on: Capture.reply) == 42)
        #expect(try BPFMachine.run(program, on: Capture.gratuitousReply) == 42)
        for frame in [Capture.request, Capture.gratuitousRequest, Capture.probe] {
            #expect(try BPFMachine.run(program, on: frame) == 0)
        }
        for offset in 12...21 {
            var frame = Capture.reply
            frame[offset] ^= 0x40
            #expect(try BPFMachine.run(program, on: frame) == 0)
        }
    }

    // MARK: IPv6

    private static let neighbour = Question(.v6(address6(0x0C)), on: 2)

    /// What the host of `NeighborCapture` is, with an address of a network that is farther.
    private static let ownAddresses = "fe80::aff:fe4d:b/64,fd00:4d::b/64"

    @Test func aQuestionOfIPv6IsWhatAHostAsks() {
        var host = Host("10.77.0.11/24,\(Self.ownAddresses)")
        host.handle(.ask(Self.neighbour))
        #expect(host.sent.map(written) == [NeighborCapture.solicitation])
        #expect(host.resolver.isAsking(on: 2))
        host.pass(.seconds(1))
        #expect(host.sent.count == Resolver.requestCount)
        #expect(host.reports == [.ended(Self.neighbour, answers: [])])
    }

    /// Its answer would go to all, as what is not asked for does.
    @Test func whoHasNoAddressOfIPv6CannotAsk() {
        var host = Host()
        host.handle(.ask(Self.neighbour))
        host.pass(.seconds(1))
        #expect(host.sent.isEmpty)
        #expect(host.reports == [.failed(Self.neighbour)])
    }

    /// Where the link-local address is the only one, it asks from that.
    @Test func itAsksFromALinkLocalAddressWhereThereIsNoOther() {
        var host = Host("fe80::aff:fe4d:b/64")
        host.handle(.ask(Self.neighbour))
        guard case .ndp(let frame)? = host.sent.first else { return #expect(Bool(false), "nothing is asked") }
        #expect(frame.sourceAddress == IPv6Address("fe80::aff:fe4d:b"))
    }

    /// With the option that tells the Ethernet address, or without.
    @Test(arguments: [NeighborCapture.advertisement, NeighborCapture.bareAdvertisement])
    func anAdvertisementToTheAskerIsAnAnswer(frame: [UInt8]) {
        var host = Host(Self.ownAddresses)
        host.handle(.ask(Self.neighbour))
        host.handle(.received(frame[...], on: 2))
        #expect(host.reports == [.answered(Self.neighbour, by: mac(0x0C))])
        host.pass(.seconds(1))
        #expect(host.sent.count == 1)
        #expect(host.reports.last == .ended(Self.neighbour, answers: [mac(0x0C)]))
    }

    @Test func whatIsNoAnswerOfIPv6IsDropped() throws {
        func heard(_ change: (inout NeighborFrame) -> Void) throws -> Int {
            var frame = try NeighborFrame(NeighborCapture.advertisement[...])
            change(&frame)
            var host = Host(Self.ownAddresses)
            host.handle(.ask(Self.neighbour))
            host.handle(.received(written(.ndp(frame))[...], on: 2))
            return host.reports.count
        }
        func advertised(_ flags: NeighborAdvertisement.Flags, _ low: UInt64) -> NeighborFrame.Message {
            .advertisement(
                NeighborAdvertisement(flags: flags, target: address6(low), targetHardwareAddress: mac(0x0C)))
        }
        #expect(try heard { _ in } == 1)
        // Told to all, or to another, or about another address; not asked for; not told but asked.
        #expect(try heard { $0.destination = MACAddress(rawValue: 0x3333_0000_0001) } == 0)
        #expect(try heard { $0.destination = mac(0x0D) } == 0)
        #expect(try heard { $0.message = advertised([.solicited, .override], 0x0D) } == 0)
        #expect(try heard { $0.message = advertised(.override, 0x0C) } == 0)
        let question = NeighborSolicitation(target: address6(0x0C), sourceHardwareAddress: mac(0x0C))
        #expect(try heard { $0.message = .solicitation(question) } == 0)
        // From beyond a router.
        var far = NeighborCapture.advertisement
        far[21] = 254
        var host = Host(Self.ownAddresses)
        host.handle(.ask(Self.neighbour))
        host.handle(.received(far[...], on: 2))
        #expect(host.reports.isEmpty)
    }

    @Test func theFilterLetsAdvertisementsThroughAndNothingElse() throws {
        let program = Filter.answers(of: .ipv6).instructions
        for frame in [NeighborCapture.advertisement, NeighborCapture.bareAdvertisement] {
            #expect(try BPFMachine.run(program, on: frame) == UInt32(NeighborFrame.maximumLength))
            for offset in [12, 13, 20, 21, 54, 55] {
                var other = frame
                other[offset] ^= 0x40
                #expect(try BPFMachine.run(program, on: other) == 0)
            }
        }
        for frame in [NeighborCapture.solicitation, NeighborCapture.probe, Capture.reply] {
            #expect(try BPFMachine.run(program, on: frame) == 0)
        }
    }
}
