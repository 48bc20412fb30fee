import ARP
import Testing
import Wire

/// A resolver on the network of the captures: interface 2 is 10.77.0.11 at 02:00:0a:4d:00:0b.
private struct Host {
    var resolver = Resolver()
    var now = Instant.zero
    var sent: [EthernetFrame] = []
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
    private static let gateway = Question(address(0, 1), on: 2)

    @Test func aQuestionIsWhatAHostAsks() {
        var host = Host()
        host.handle(.ask(Self.gateway))
        #expect(host.sent.map(written) == [Capture.request])
        #expect(host.resolver.isAsking(on: 2) && !host.resolver.isAsking(on: 3))
    }

    @Test func whereTheNodeHasNoAddressItProbes() {
        var host = Host("")
        host.handle(.ask(Question(address(4, 10), on: 2)))
        var expected = Capture.probe
        expected[11] = 0x0B
        expected[27] = 0x0B
        #expect(host.sent.map(written) == [expected])
    }

    /// Of several addresses that of the asked one's network, else the first.
    @Test func itAsksFromTheNearestAddress() {
        var host = Host("10.1.0.1/24,10.77.0.11/24")
        host.handle(.ask(Self.gateway))
        host.handle(.ask(Question(IPv4Address(rawValue: 0x0A02_0001), on: 2)))
        #expect(host.sent.map(\.packet.senderProtocolAddress) == [address(0, 11), IPv4Address(rawValue: 0x0A01_0001)])
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
        host.handle(.ask(Question(address(0, 1), on: 3)))
        host.isBroken = true
        host.handle(.ask(Self.gateway))
        host.pass(.seconds(1))
        #expect(Set(host.reports) == [.failed(Question(address(0, 1), on: 3)), .failed(Self.gateway)])
    }

    @Test func whatIsNoAnswerToThisNodeIsDropped() {
        var host = Host("10.77.4.1/24")
        host.handle(.ask(Self.gateway))
        host.handle(.ask(Question(address(4, 11), on: 2)))
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
        for low in UInt32(0)..<64 { host.handle(.ask(Question(address(4, low), on: 2))) }
        #expect(host.reports.isEmpty)
        host.handle(.ask(Self.gateway))
        #expect(host.reports == [.failed(Self.gateway)])
    }

    @Test func theFilterLetsRepliesThroughAndNothingElse() throws {
        let program = Filter.replies.instructions
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
}
