import ARP
import Testing
import Wire

/// A frame that was sent, and when.
private struct Sent {
    var at: Instant
    var address: IPv4Address
}

extension Driver {
    /// Runs the announcer's timer until `end`, exactly when it asks for it; gives the gratuitous requests sent.
    fileprivate mutating func run(
        after directives: [Announcer.Directive], until end: Instant, wakeups: inout Int
    ) -> [Sent] {
        var sent: [Sent] = []
        var pending = directives
        while true {
            var wake: Instant?
            for directive in pending {
                switch directive {
                case .send(.arp(let frame), _) where frame.packet.operation == .request:
                    sent.append(Sent(at: now, address: frame.packet.targetProtocolAddress))
                case .send: break
                case .wake(let instant): wake = instant
                }
            }
            guard let wake, wake <= end else { return sent }
            precondition(wake > now, "a wake that has passed")
            now = wake
            wakeups += 1
            pending = handle(.timer)
        }
    }

    fileprivate mutating func run(after directives: [Announcer.Directive] = [], until end: Instant) -> [Sent] {
        var wakeups = 0
        return run(after: directives, until: end, wakeups: &wakeups)
    }

    /// Takes the first `count` addresses from 10.77.0.0 on interface 2; the directives of all, the last wake last.
    fileprivate mutating func take(_ count: UInt32) -> [Announcer.Directive] {
        (0..<count).flatMap { handle(.take(.v4(IPv4Address(rawValue: 0x0A4D_0000 + $0)), on: 2)) }
    }
}

@Suite struct AnnouncementTests {
    @Test func aTakenAddressIsAnnouncedAtOnceAndFourTimesMore() {
        var driver = Driver(refreshInterval: .zero)
        #expect(
            driver.handle(.take(.v4(address(4, 10)), on: 2)) == round(address(4, 10)) + [.wake(at: milliseconds(1100))])
        for time in [1100, 2200, 3300] as [Int64] {
            driver.now = milliseconds(time)
            #expect(driver.handle(.timer) == round(address(4, 10)) + [.wake(at: milliseconds(time + 1100))])
        }
        driver.now = milliseconds(4400)
        #expect(driver.handle(.timer) == round(address(4, 10)))
        #expect(driver.announcer.counters.gratuitous == 10)
        driver.now = milliseconds(10_000_000)
        #expect(driver.handle(.timer) == [])
    }

    @Test func takingAnAddressTwiceChangesNothing() {
        var driver = Driver()
        _ = driver.handle(.take(.v4(address(4, 10)), on: 2))
        #expect(driver.handle(.take(.v4(address(4, 10)), on: 2)) == [])
    }

    @Test func anEarlyTimerIsHarmless() {
        var driver = Driver()
        _ = driver.handle(.take(.v4(address(4, 10)), on: 2))
        driver.now = milliseconds(500)
        #expect(driver.handle(.timer) == [.wake(at: milliseconds(1100))])
    }

    @Test func aNewHardwareAddressIsAnnouncedAnew() {
        var driver = Driver(refreshInterval: .zero)
        _ = driver.handle(.take(.v4(address(4, 10)), on: 2))
        driver.now = milliseconds(700)
        #expect(driver.handle(.interface(2, mac(0x0C))) == [])
        #expect(driver.handle(.interface(2, mac(0xFF))) == round(address(4, 10), mac(0xFF)))
        driver.now = milliseconds(1100)
        #expect(driver.handle(.timer) == [.wake(at: milliseconds(1800))])
        #expect(driver.run(after: [.wake(at: milliseconds(1800))], until: milliseconds(20_000)).count == 4)
    }

    @Test func allIsAnnouncedAnewWhereThatIsAsked() {
        var driver = Driver(refreshInterval: .zero)
        #expect(driver.handle(.announceAll) == [])
        _ = driver.run(after: driver.handle(.take(.v4(address(4, 10)), on: 2)), until: milliseconds(20_000))
        #expect(driver.handle(.timer) == [])
        driver.now = milliseconds(30_000)
        #expect(driver.handle(.announceAll) == round(address(4, 10)) + [.wake(at: milliseconds(31_100))])
    }

    @Test func anInterfaceThatComesBackIsAnnouncedOnAnew() {
        var driver = Driver(refreshInterval: .zero)
        _ = driver.handle(.take(.v4(address(4, 10)), on: 2))
        #expect(driver.handle(.interface(2, nil)) == [])
        driver.now = milliseconds(1100)
        #expect(driver.handle(.timer) == [])
        #expect(driver.announcer.hasClaims(on: 2))
        driver.now = milliseconds(5000)
        #expect(driver.handle(.interface(2, mac(0x0C))) == round(address(4, 10)) + [.wake(at: milliseconds(6100))])
    }

    @Test func aReleaseLeavesTheOthersRoundsAsTheyAre() {
        var driver = Driver(refreshInterval: .zero)
        _ = driver.take(3)
        _ = driver.handle(.release(.v4(address(0, 1)), on: 2))
        driver.now = milliseconds(1100)
        #expect(
            driver.handle(.timer) == round(address(0, 0)) + round(address(0, 2)) + [.wake(at: milliseconds(2200))])
    }

    @Test func theRefreshGoesOnWithinItsBounds() {
        var driver = Driver(refreshInterval: .seconds(60))
        let taken = driver.handle(.take(.v4(address(4, 10)), on: 2))
        let times = driver.run(after: taken, until: milliseconds(3_600_000)).map(\.at)
        #expect(
            times.prefix(5) == [
                milliseconds(0), milliseconds(1100), milliseconds(2200), milliseconds(3300), milliseconds(4400),
            ])
        #expect((milliseconds(4400)...milliseconds(64_400)).contains(times[5]))
        for (earlier, later) in zip(times.dropFirst(5), times.dropFirst(6)) {
            #expect((Duration.seconds(54)...Duration.seconds(66)).contains(earlier.duration(to: later)))
        }
        #expect((57...71).contains(times.count))
    }

    @Test func manyAddressesAreFirstAnnouncedInABurstAndThenAtTheirPace() {
        var driver = Driver(refreshInterval: .zero)
        let taken = driver.take(500)
        var wakeups = 0
        let sent = driver.run(after: taken, until: milliseconds(60_000), wakeups: &wakeups)
        #expect(sent.count == 2500)
        // Each address five times, at least 1.1 s apart, the first time in the order they were taken in.
        #expect(sent.prefix(500).map(\.address.rawValue) == (0..<500).map { 0x0A4D_0000 + $0 })
        #expect(sent.filter { $0.at == .zero }.count == 64)
        #expect(sent[499].at <= milliseconds(360))
        let times = Dictionary(grouping: sent, by: \.address).mapValues { $0.map(\.at) }
        for each in times.values {
            #expect(each.count == 5)
            #expect(zip(each, each.dropFirst()).allSatisfy { $0.duration(to: $1) >= .milliseconds(1100) })
        }
        // In no second more than a burst of each kind and both paces allow.
        for (index, first) in sent.enumerated() {
            let second = first.at.advanced(by: .seconds(1))
            let frames = 2 * sent[index...].prefix { $0.at < second }.count
            #expect(frames <= 2500 + 128 + 500 + 128)
        }
        #expect(sent.last.map { $0.at <= milliseconds(11_000) } == true)
        #expect(wakeups < 1000)
    }

    @Test func anAddressTakenAmongRepeatsDoesNotWaitForThem() {
        var driver = Driver(refreshInterval: .zero)
        let taken = driver.take(500)
        _ = driver.run(after: taken, until: milliseconds(2000))
        driver.now = milliseconds(2001)
        #expect(driver.handle(.take(.v4(address(9, 9)), on: 2)).starts(with: round(address(9, 9))))
    }

    @Test func refreshesAreSpreadAndKeepToTheirPace() {
        var driver = Driver(refreshInterval: .seconds(60))
        let taken = driver.take(2000)
        let sent = driver.run(after: taken, until: milliseconds(300_000)).filter { $0.at > milliseconds(120_000) }
        for (index, first) in sent.enumerated() {
            let second = first.at.advanced(by: .seconds(1))
            #expect(2 * sent[index...].prefix { $0.at < second }.count <= 52)
        }
        // 2000 addresses at 25 a second: everyone has its turn about each 80 s.
        #expect(Set(sent.map(\.address)).count == 2000)
        #expect((4000...4600).contains(sent.count))
    }

    @Test func theSameSeedGivesTheSameRun() {
        func run() -> [String] {
            var driver = Driver(refreshInterval: .seconds(60))
            let taken = driver.take(300)
            return driver.run(after: taken, until: milliseconds(200_000)).map { "\($0.at.nanoseconds) \($0.address)" }
        }
        #expect(run() == run())
    }

    @Test func takingAndReleasingInTurnKeepsToThePace() {
        var driver = Driver(refreshInterval: .zero)
        for _ in 0..<1000 {
            _ = driver.handle(.take(.v4(address(4, 10)), on: 2))
            _ = driver.handle(.release(.v4(address(4, 10)), on: 2))
        }
        #expect(driver.announcer.counters.gratuitous == 128)
    }

    @Test func tenThousandAddressesTakenAndReleasedInAnyOrderLeaveNothingDue() {
        var driver = Driver(refreshInterval: .seconds(60))
        var addresses = (0..<10_000).map { IPv4Address(rawValue: 0x0A4D_0000 + $0) }
        addresses.shuffle(using: &driver.rng)
        for address in addresses { _ = driver.handle(.take(.v4(address), on: 2)) }
        addresses.shuffle(using: &driver.rng)
        for address in addresses.dropLast() { _ = driver.handle(.release(.v4(address), on: 2)) }
        driver.now = milliseconds(60_000)
        let directives = driver.handle(.timer)
        #expect(directives.dropLast() == ArraySlice(round(addresses[9999])))
        _ = driver.handle(.release(.v4(addresses[9999]), on: 2))
        driver.now = milliseconds(600_000)
        #expect(driver.handle(.timer) == [])
    }
}
