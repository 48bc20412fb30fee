import NetLink
import Testing
import Wire

/// A session and the clock and generator it is driven with.
private struct Driver {
    var session = Session()
    var now = Instant.zero
    var rng = PRNG(seed: 1)

    mutating func handle(_ event: Session.Event) -> [Session.Directive] {
        session.handle(event, at: now, using: &rng)
    }

    mutating func receive(_ messages: [UInt8]...) -> [Session.Directive] {
        handle(.received(ArraySlice(messages.joined())))
    }

    /// A session that has heard the whole capture.
    static var settled: Driver {
        var driver = Driver()
        _ = driver.handle(.started)
        _ = driver.receive(Capture.loopback, Capture.bridge, Capture.port, Capture.veth)
        _ = driver.receive(Capture.linksDone)
        _ = driver.receive(Capture.loopbackAddress, Capture.address, Capture.addressWithPeer, Capture.ipv6Address)
        _ = driver.receive(Capture.addressesDone)
        return driver
    }

    func interface(_ index: UInt32) -> Interface? {
        session.interfaces.first { $0.index == index }
    }
}

/// A dump's messages with other numbers: `message`'s bytes 8 to 11 replaced.
private func renumbered(_ message: [UInt8], _ sequence: UInt8) -> [UInt8] {
    var message = message
    message[8] = sequence
    return message
}

private func withDumpInterrupted(_ message: [UInt8]) -> [UInt8] {
    var message = message
    message[6] |= 0x10
    return message
}

private func seconds(_ seconds: Double) -> Instant {
    .zero.advanced(by: .milliseconds(Int64(seconds * 1000)))
}

@Suite struct SessionTests {
    @Test func linksAndThenAddressesAreAskedFor() {
        var driver = Driver()
        #expect(driver.handle(.started) == [.request(Message.linkDump(sequence: 1).bytes), .wake(at: seconds(5))])
        #expect(driver.receive(Capture.loopback, Capture.bridge, Capture.port, Capture.veth) == [])
        #expect(
            driver.receive(Capture.linksDone)
                == [.request(Message.addressDump(sequence: 2).bytes), .wake(at: seconds(5))])
        #expect(driver.receive(Capture.loopbackAddress, Capture.address) == [])
        #expect(driver.session.interfaces == [])
        #expect(driver.receive(Capture.addressWithPeer, Capture.ipv6Address, Capture.addressesDone) == [.changed])
        #expect(
            driver.session.interfaces == [
                Interface(
                    index: 1, name: "lo", macAddress: .zero, isUp: true, isLoopback: true, canBroadcast: false,
                    addresses: ["127.0.0.1/8"].compactMap { Prefix($0) }, states: created(0xC2A79, "127.0.0.1/8")),
                Interface(index: 2, name: "br0", macAddress: MACAddress(rawValue: 0x0200_0A4D_000C), isUp: false),
                Interface(
                    index: 3, name: "veth1", macAddress: MACAddress(rawValue: 0x0200_0A4D_000C), isUp: true,
                    masterIndex: 2),
                Interface(
                    index: 4, name: "veth0", macAddress: MACAddress(rawValue: 0x0200_0A4D_000B), isUp: true,
                    addresses: ["10.9.0.1/32", "10.77.0.11/24", "fd00::b/64"].compactMap { Prefix($0) },
                    states: created(0xC2A7B, "10.9.0.1/32", "10.77.0.11/24", "fd00::b/64")),
            ])
    }

    /// Addresses that are all as old.
    private func created(_ instant: UInt32, _ prefixes: String...) -> [Prefix: AddressState] {
        Dictionary(
            uniqueKeysWithValues: prefixes.compactMap { Prefix($0) }.map { ($0, AddressState(createdAt: instant)) })
    }

    @Test func anAddressThatBecomesDeprecatedIsTold() {
        var driver = Driver.settled
        #expect(driver.receive(Capture.deprecated) == [.changed])
        let prefix = Prefix("fd00::b/64")
        #expect(
            prefix.flatMap { driver.interface(4)?.states[$0] } == AddressState(isDeprecated: true, createdAt: 0xC2A7B))
        #expect(driver.receive(Capture.deprecated) == [])
        #expect(driver.interface(4)?.addresses.map(\.description) == ["10.9.0.1/32", "10.77.0.11/24", "fd00::b/64"])
    }

    @Test func aMereRenewalIsNotTold() {
        var driver = Driver.settled
        // Other lifetimes, and another tstamp.
        var renewed = renumbered(Capture.ipv6Address, 0)
        renewed.replaceSubrange(48..<56, with: bytes("100e0000201c0000"))
        renewed.replaceSubrange(60..<64, with: bytes("ff2a0c00"))
        #expect(driver.receive(renewed) == [])
    }

    @Test func aNotificationChangesOneInterface() {
        var driver = Driver.settled
        #expect(driver.receive(Capture.vethDown) == [.changed])
        #expect(driver.interface(4)?.isUp == false)
        #expect(driver.receive(Capture.vethReaddressed) == [.changed])
        #expect(driver.interface(4)?.macAddress?.description == "02:00:0a:4d:00:ff")
        #expect(driver.receive(Capture.addressGone) == [.changed])
        #expect(driver.interface(4)?.addresses.map(\.description) == ["10.9.0.1/32", "fd00::b/64"])
        #expect(driver.receive(Capture.portWithoutMaster) == [.changed])
        #expect(driver.interface(3)?.masterIndex == nil)
        #expect(driver.receive(Capture.vethGone) == [.changed])
        #expect(driver.session.interfaces.map(\.index) == [1, 2, 3])
    }

    @Test func aNotificationThatChangesNothingIsNotTold() {
        var driver = Driver.settled
        #expect(driver.receive(renumbered(Capture.veth, 0), renumbered(Capture.address, 0)) == [])
        #expect(driver.receive(Capture.vethGone, Capture.vethGone) == [.changed])
        #expect(driver.receive(Capture.vethGone, Capture.addressGone) == [])
    }

    @Test func thePeersAreNotifiedWheneverTheKernelNotifiesThem() {
        var driver = Driver.settled
        #expect(driver.receive(Capture.bondFailover) == [.changed])
        #expect(driver.receive(Capture.bondNotifiesPeers) == [.notifyPeers])
        #expect(driver.receive(Capture.bondNotifiesPeers, Capture.vethGone) == [.changed, .notifyPeers])
    }

    @Test func thePeersAreNotifiedDuringADumpToo() {
        var driver = Driver()
        _ = driver.handle(.started)
        // Nothing is claimed yet.
        #expect(driver.receive(Capture.bondNotifiesPeers) == [])
        driver = .settled
        _ = driver.handle(.overrun)
        #expect(driver.receive(Capture.bondNotifiesPeers) == [.notifyPeers])
    }

    @Test func aPortThatLeavesItsBridgeIsNotGone() {
        var driver = Driver.settled
        #expect(driver.receive(Capture.portLeftBridge) == [])
        #expect(driver.interface(3) != nil)
    }

    @Test func anAddressGoesWithItsLink() {
        var driver = Driver.settled
        _ = driver.receive(Capture.vethGone, renumbered(Capture.veth, 0))
        #expect(driver.interface(4)?.addresses == [])
    }

    @Test func whatVanishedUnheardIsGoneAfterTheNextDump() {
        var driver = Driver.settled
        driver.now = seconds(60)
        #expect(driver.handle(.overrun) == [.request(Message.linkDump(sequence: 3).bytes), .wake(at: seconds(65))])
        _ = driver.receive(renumbered(Capture.loopback, 3), renumbered(Capture.veth, 3))
        #expect(driver.session.interfaces.count == 4)
        #expect(
            driver.receive(renumbered(Capture.linksDone, 3))
                == [.request(Message.addressDump(sequence: 4).bytes), .wake(at: seconds(65))])
        #expect(driver.receive(renumbered(Capture.addressesDone, 4)) == [.changed])
        #expect(driver.session.interfaces.map(\.name) == ["lo", "veth0"])
        #expect(driver.interface(4)?.addresses == [])
    }

    @Test func aNotificationOutranksTheDumpThatItOvertook() {
        var driver = Driver()
        _ = driver.handle(.started)
        _ = driver.receive(Capture.loopback, Capture.vethDown, Capture.veth, Capture.port, Capture.linksDone)
        _ = driver.receive(Capture.addressGone, Capture.address, Capture.ipv6Address, Capture.addressesDone)
        #expect(driver.interface(4)?.isUp == false)
        #expect(driver.interface(4)?.addresses.map(\.description) == ["fd00::b/64"])
    }

    @Test func aLinkRemovedDuringTheDumpStaysGone() {
        var driver = Driver()
        _ = driver.handle(.started)
        _ = driver.receive(Capture.port, Capture.vethGone, Capture.veth, Capture.linksDone, Capture.addressesDone)
        #expect(driver.session.interfaces.map(\.index) == [3])
    }

    /// The kernel tells of a loss first and gives what it had queued before it afterwards.
    @Test func whatWasQueuedBeforeTheDumpDoesNotOutrankIt() {
        var driver = Driver.settled
        _ = driver.handle(.overrun)
        _ = driver.receive(renumbered(Capture.veth, 0), renumbered(Capture.address, 0), Capture.portWithoutMaster)
        _ = driver.receive(renumbered(Capture.port, 3), renumbered(Capture.linksDone, 3))
        _ = driver.receive(renumbered(Capture.addressesDone, 4))
        #expect(driver.session.interfaces.map(\.index) == [3])
        #expect(driver.interface(3)?.masterIndex == 2)
    }

    @Test func messagesLostDuringADumpRepeatItOnceItIsDone() {
        var driver = Driver()
        _ = driver.handle(.started)
        #expect(driver.handle(.overrun) == [])
        _ = driver.receive(Capture.veth)
        #expect(
            driver.receive(Capture.linksDone) == [.request(Message.linkDump(sequence: 2).bytes), .wake(at: seconds(5))])
        _ = driver.receive(renumbered(Capture.linksDone, 2))
        #expect(driver.receive(renumbered(Capture.addressesDone, 3)) == [.changed])
        #expect(driver.session.interfaces == [])
    }

    @Test func anOverrunMessageCountsAsLoss() {
        var driver = Driver.settled
        #expect(
            driver.receive(bytes("10000000040000000000000000000000"))
                == [.request(Message.linkDump(sequence: 3).bytes), .wake(at: seconds(5))])
    }

    @Test func aDumpThatTheKernelCallsInconsistentIsRepeatedAtOnceButNotForever() {
        var driver = Driver()
        _ = driver.handle(.started)
        for sequence in UInt8(1)...7 {
            #expect(
                driver.receive(
                    withDumpInterrupted(renumbered(Capture.veth, sequence)), renumbered(Capture.linksDone, sequence))
                    == [.request(Message.linkDump(sequence: UInt32(sequence) + 1).bytes), .wake(at: seconds(5))])
        }
        #expect(
            driver.receive(withDumpInterrupted(renumbered(Capture.linksDone, 8))) == [.wake(at: seconds(0.1))])
        driver.now = seconds(0.1)
        #expect(driver.handle(.timer) == [.request(Message.linkDump(sequence: 9).bytes), .wake(at: seconds(5.1))])
    }

    @Test func aRefusedDumpIsToldAndAskedForAgain() {
        var driver = Driver()
        _ = driver.handle(.started)
        // NLMSG_ERROR, -EBUSY.
        let busy = bytes("240000000200000001000000b8590000f0ffffff280000001200010301000000b8590000")
        #expect(
            driver.receive(busy) == [.failed(.refused(request: "links", code: 16)), .wake(at: seconds(1))])
        driver.now = seconds(0.9)
        #expect(driver.handle(.timer) == [.wake(at: seconds(1))])
        driver.now = seconds(1)
        #expect(driver.handle(.timer) == [.request(Message.linkDump(sequence: 2).bytes), .wake(at: seconds(6))])
    }

    @Test func nothingIsKnownBetweenARefusedFirstDumpAndTheNext() {
        var driver = Driver()
        _ = driver.handle(.started)
        _ = driver.receive(bytes("1400000003000200010000000000000080ffffff"))
        #expect(driver.receive(Capture.vethDown) == [])
        #expect(driver.session.interfaces == [])
    }

    @Test func aDumpThatEndsInAnErrorIsAskedForAgain() {
        var driver = Driver()
        _ = driver.handle(.started)
        #expect(
            driver.receive(bytes("1400000003000200010000000000000080ffffff"))
                == [.failed(.refused(request: "links", code: 128)), .wake(at: seconds(1))])
        // The smallest number has no positive twin.
        driver.now = seconds(1)
        _ = driver.handle(.timer)
        #expect(
            driver.receive(bytes("1400000003000200020000000000000000000080"))
                == [.failed(.refused(request: "links", code: .max)), .wake(at: seconds(2))])
    }

    @Test func anUnansweredDumpIsAskedForAgain() {
        var driver = Driver()
        _ = driver.handle(.started)
        driver.now = seconds(5)
        #expect(
            driver.handle(.timer) == [
                .failed(.unanswered(request: "links")), .request(Message.linkDump(sequence: 2).bytes),
                .wake(at: seconds(10)),
            ])
        // The end of the first one, late, ends nothing.
        #expect(driver.receive(Capture.linksDone) == [])
    }

    @Test func aMalformedMessageIsCountedAndChangesNothingElse() {
        var driver = Driver.settled
        let before = driver.session.interfaces
        let nameless = bytes("200000001000000000000000000000000000010004000000431001000000000a")
        #expect(driver.receive(nameless, bytes("0300")) == [])
        #expect(driver.session.malformedMessages == 2)
        #expect(driver.session.interfaces == before)
        #expect(driver.receive(nameless, Capture.vethGone) == [.changed])
    }

    @Test func strayTimersAndUnknownMessagesAreHarmless() {
        var driver = Driver.settled
        driver.now = seconds(100)
        #expect(driver.handle(.timer) == [])
        // RTM_NEWROUTE, NLMSG_NOOP, and an acknowledgement of somebody else's request.
        #expect(driver.receive(bytes("10000000180000000000000000000000", "10000000010000000000000000000000")) == [])
        #expect(
            driver.receive(bytes("2400000002000000090000000000000000000000000000000000000000000000", "00000000")) == [])
        #expect(driver.session.malformedMessages == 0)
    }
}
