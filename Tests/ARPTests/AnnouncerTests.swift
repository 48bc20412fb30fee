import ARP
import Testing
import Wire

/// An announcer with the clock and generator it is driven with; interface 2 has the address 02:00:0a:4d:00:0c.
struct Driver {
    var announcer: Announcer
    var now = Instant.zero
    var rng = PRNG(seed: 1)

    init(refreshInterval: Duration = .seconds(60)) {
        announcer = Announcer(refreshInterval: refreshInterval)
        _ = handle(.interface(2, mac(0x0C)))
    }

    mutating func handle(_ event: Announcer.Event) -> [Announcer.Directive] {
        announcer.handle(event, at: now, using: &rng)
    }

    mutating func receive(_ frame: [UInt8], on index: UInt32 = 2) -> [Announcer.Directive] {
        handle(.received(frame[...], on: index))
    }
}

func milliseconds(_ count: Int64) -> Instant { .zero.advanced(by: .milliseconds(count)) }

/// What announces `address` at `hardwareAddress` on an interface.
func round(
    _ address: IPv4Address, _ hardwareAddress: MACAddress = mac(0x0C), on index: UInt32 = 2
) -> [Announcer.Directive] {
    [Packet.Operation.request, .reply].map { operation in
        .send(
            .arp(
                EthernetFrame(
                    destination: .broadcast, source: hardwareAddress,
                    packet: Packet(
                        operation: operation, senderHardwareAddress: hardwareAddress, senderProtocolAddress: address,
                        targetHardwareAddress: .broadcast, targetProtocolAddress: address))),
            on: index)
    }
}

/// `Capture.request` for 10.77.4.10 with some bytes replaced.
private func request(_ offset: Int = 38, _ change: [UInt8] = [10, 77, 4, 10]) -> [UInt8] {
    var frame = Capture.request
    frame.replaceSubrange(38..<42, with: [10, 77, 4, 10])
    frame.replaceSubrange(offset..<offset + change.count, with: change)
    return frame
}

@Suite struct AnnouncerTests {
    private static var owner: Driver {
        var driver = Driver()
        _ = driver.handle(.take(.v4(address(4, 10)), on: 2))
        return driver
    }

    @Test func aRequestForATakenAddressIsAnsweredToTheAskerAlone() throws {
        var driver = Self.owner
        let directives = driver.receive(request())
        guard case .send(.arp(let frame), on: 2) = directives.first else {
            Issue.record("no answer: \(directives)")
            return
        }
        #expect(directives.count == 1)
        #expect(
            written(frame)
                == bytes("02000a4d000b02000a4d000c0806 0001080006040002 02000a4d000c0a4d040a 02000a4d000b0a4d000b"))
        #expect(driver.announcer.counters.replies == 1)
        #expect(driver.announcer.counters.dropped.total == 0)
    }

    @Test func aRequestToOurOwnHardwareAddressIsAnswered() {
        var driver = Self.owner
        #expect(driver.receive(request(0, [2, 0, 0x0A, 0x4D, 0, 0x0C])).count == 1)
    }

    @Test func aProbeIsAnsweredInDefence() {
        var driver = Self.owner
        let reply = EthernetFrame(
            destination: mac(0x01), source: mac(0x0C),
            packet: Packet(
                operation: .reply, senderHardwareAddress: mac(0x0C), senderProtocolAddress: address(4, 10),
                targetHardwareAddress: mac(0x01), targetProtocolAddress: IPv4Address(rawValue: 0)))
        #expect(driver.receive(Capture.probe) == [.send(.arp(reply), on: 2)])
    }

    @Test func whatIsNoProperRequestForUsIsDroppedAndCounted() {
        let cases: [([UInt8], KeyPath<Counters.Dropped, UInt64>)] = [
            (Array(request().prefix(41)), \.malformed),
            (request(12, [8, 0]), \.malformed),
            (request(21, [2]), \.notRequest),
            (request(21, [3]), \.notRequest),
            (request(41, [11]), \.notClaimed),
            // To another host, and to a multicast group.
            (request(0, [2, 0, 0x0A, 0x4D, 0, 0x0D]), \.otherDestination),
            (request(0, [1, 0, 0x5E, 0, 0, 1]), \.otherDestination),
            (request(22, [0, 0, 0, 0, 0, 0]), \.invalidSender),
            (request(22, [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]), \.invalidSender),
            (request(22, [1, 0, 0x5E, 0, 0, 1]), \.invalidSender),
            // From our own address, in the packet and in the frame.
            (request(22, [2, 0, 0x0A, 0x4D, 0, 0x0C]), \.ownSender),
            (request(6, [2, 0, 0x0A, 0x4D, 0, 0x0C]), \.ownSender),
            // Another host says that the address is its own.
            (request(28, [10, 77, 4, 10]), \.conflict),
        ]
        for (frame, counter) in cases {
            var driver = Self.owner
            #expect(driver.receive(frame) == [])
            #expect(driver.announcer.counters.dropped[keyPath: counter] == 1)
            #expect(driver.announcer.counters.dropped.total == 1)
            #expect(driver.announcer.counters.replies == 0)
        }
    }

    @Test func aRequestFromAnotherInterfaceOfThisHostIsDropped() {
        var driver = Self.owner
        _ = driver.handle(.interface(3, mac(0x0B)))
        #expect(driver.receive(request()) == [])
        #expect(driver.announcer.counters.dropped.ownSender == 1)
    }

    @Test func anAddressIsAnsweredOnItsOwnInterfaceOnly() {
        var driver = Self.owner
        _ = driver.handle(.interface(3, mac(0x0D)))
        #expect(driver.receive(request(), on: 3) == [])
        _ = driver.handle(.take(.v4(address(4, 10)), on: 3))
        #expect(driver.receive(request(), on: 3).count == 1)
        #expect(driver.receive(request(), on: 4) == [])
    }

    @Test func aReleasedAddressIsSilentAtOnceAndForGood() {
        var driver = Self.owner
        #expect(driver.announcer.hasClaims(on: 2))
        #expect(driver.handle(.release(.v4(address(4, 10)), on: 2)) == [])
        #expect(!driver.announcer.hasClaims(on: 2))
        #expect(driver.receive(request()) == [])
        driver.now = milliseconds(1100)
        #expect(driver.handle(.timer) == [])
    }

    @Test func nothingIsAnsweredOrSentBeforeTheInterfaceIsKnown() {
        var driver = Driver()
        #expect(driver.handle(.take(.v4(address(4, 10)), on: 7)) == [])
        #expect(driver.receive(request(), on: 7) == [])
        #expect(driver.announcer.counters.dropped.notClaimed == 1)
        #expect(
            driver.handle(.interface(7, mac(0x07)))
                == round(address(4, 10), mac(0x07), on: 7) + [.wake(at: milliseconds(1100))])
    }
}
