import ARP
import Testing
import Wire

/// Interface 2, at 02:00:0a:4d:00:0c, has taken fd00:4d::c and fd00:4d::d.
@Suite struct NeighborAnnouncerTests {
    private static var owner: Driver {
        var driver = Driver()
        for low in [0x0C, 0x0D] as [UInt64] { _ = driver.handle(.take(.v6(address6(low)), on: 2)) }
        return driver
    }

    /// The bytes of the only frame that is sent.
    private func answer(_ directives: [Announcer.Directive]) -> [UInt8]? {
        guard directives.count == 1, case .send(let frame, on: 2) = directives[0] else { return nil }
        var writer = ByteWriter()
        frame.write(to: &writer)
        return writer.bytes
    }

    @Test func aSolicitationIsAnsweredAsAKernelDoes() {
        var driver = Self.owner
        #expect(answer(driver.receive(NeighborCapture.solicitation)) == NeighborCapture.advertisement)
        #expect(driver.announcer.counters.replies == 1)
        #expect(driver.announcer.counters.dropped.total == 0)
    }

    /// Neighbour unreachability detection. With the Ethernet address, which costs nothing: the asker may have another.
    @Test func aSolicitationToTheAddressAloneIsAnsweredToTheAskerAlone() {
        var driver = Self.owner
        #expect(
            answer(driver.receive(NeighborCapture.unicastSolicitation))
                == bytes(
                    """
                    02000a4d000b 02000a4d000c 86dd 6000000000203aff fd00004d00000000000000000000000c
                    fe8000000000000000000afffe4d000b 880006be 60000000 fd00004d00000000000000000000000c 0201 02000a4d000c
                    """))
    }

    @Test func aProbeForADuplicateIsAnsweredToAll() {
        var driver = Self.owner
        #expect(
            answer(driver.receive(NeighborCapture.probe))
                == bytes(
                    """
                    333300000001 02000a4d000c 86dd 6000000000203aff fd00004d00000000000000000000000d
                    ff020000000000000000000000000001 88004f91 20000000 fd00004d00000000000000000000000d 0201 02000a4d000c
                    """))
    }

    @Test func whatIsTakenIsAnnouncedToAllFiveTimes() {
        var driver = Driver(refreshInterval: .zero)
        var times: [Instant] = []
        var directives = driver.handle(.take(.v6(address6(0x0D)), on: 2))
        for _ in 0..<20 {
            var next: Instant?
            for directive in directives {
                switch directive {
                case .send(let frame, on: 2):
                    times.append(driver.now)
                    var writer = ByteWriter()
                    frame.write(to: &writer)
                    #expect(
                        writer.bytes
                            == bytes(
                                """
                                333300000001 02000a4d000c 86dd 6000000000203aff fd00004d00000000000000000000000d
                                ff020000000000000000000000000001 88004f91 20000000 fd00004d00000000000000000000000d
                                0201 02000a4d000c
                                """))
                case .send: Issue.record("on another interface")
                case .wake(let at): next = at
                }
            }
            guard let next else { break }
            driver.now = next
            directives = driver.handle(.timer)
        }
        #expect(times == [0, 1100, 2200, 3300, 4400].map { milliseconds($0) })
        #expect(driver.announcer.counters.gratuitous == 5)
    }

    @Test func onlyWhatIsTakenIsAnsweredFor() {
        var driver = Self.owner
        _ = driver.handle(.release(.v6(address6(0x0C)), on: 2))
        #expect(driver.receive(NeighborCapture.solicitation) == [])
        #expect(driver.receive(NeighborCapture.solicitation, on: 3) == [])
        #expect(driver.announcer.counters.dropped.notClaimed == 2)
        #expect(driver.announcer.hasClaims(on: 2, of: .ipv6) && !driver.announcer.hasClaims(on: 2, of: .ipv4))
    }

    @Test func anAdvertisementIsNoQuestion() {
        var driver = Self.owner
        #expect(driver.receive(NeighborCapture.advertisement) == [])
        #expect(driver.announcer.counters.dropped.notRequest == 1)
    }

    @Test func whoUsesTheAddressItselfIsNotAnswered() {
        var driver = Driver()
        for low in [0x0B, 0x0C] as [UInt64] { _ = driver.handle(.take(.v6(address6(low)), on: 2)) }
        #expect(driver.receive(NeighborCapture.solicitation) == [])
        #expect(driver.announcer.counters.dropped.conflict == 1)
    }

    @Test func whatWasSentToAnotherHostIsNotAnswered() {
        var driver = Self.owner
        var frame = NeighborCapture.solicitation
        frame.replaceSubrange(0..<6, with: [2, 0, 0x0A, 0x4D, 0, 0x0E])
        #expect(driver.receive(frame) == [])
        #expect(driver.announcer.counters.dropped.otherDestination == 1)
        // An access point may turn a group's frame into one for each station.
        frame.replaceSubrange(0..<6, with: [2, 0, 0x0A, 0x4D, 0, 0x0C])
        #expect(driver.receive(frame).count == 1)
    }
}
