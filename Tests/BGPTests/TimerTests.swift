import Testing
import Wire

@testable import BGP

/// Timers of an established session, its end, and what outlives it.
@Suite struct TimerTests {
    @Test func silenceForTheHoldTimeEndsIt() {
        var rig = Rig.established(.test, .peer(holdTimeSeconds: 9))
        rig.pass(.milliseconds(8_999))
        #expect(rig.session.state == .established)
        rig.receive(.keepalive)
        rig.pass(.milliseconds(8_999))
        rig.receive(.update(Update(withdrawn: ["10.0.0.0/8"])))
        rig.pass(.milliseconds(8_999))
        #expect(rig.session.state == .established)
        rig.pass(.milliseconds(1))
        #expect(rig.notifications == [Notification(code: 4, subcode: 0)])
        #expect(rig.reports == [.down(.error(.holdTimerExpired))])
    }

    /// At a third of the hold time, shortened by up to a quarter.
    @Test func signsOfLife() {
        var rig = Rig.established(.test, .peer(holdTimeSeconds: 9))
        for _ in 0..<100 {
            rig.clear()
            rig.pass(.seconds(3))
            rig.receive(.keepalive)
            #expect((1...2).contains(rig.messages().count) && rig.messages().allSatisfy { $0 == .keepalive })
        }
        #expect(rig.session.state == .established)
    }

    @Test func withoutAHoldTimeNothingIsDue() {
        var rig = Rig.established(.test, .peer(holdTimeSeconds: 0))
        rig.pass(.seconds(100_000))
        #expect(rig.session.state == .established && rig.messages().isEmpty)
    }

    /// What the peer sent while this process did not run waits in the socket: it comes before the peer is given up.
    @Test func aProcessThatWasStoppedBlamesNobody() {
        var rig = Rig.established(.test, .peer(holdTimeSeconds: 9))
        rig.stopProcess(for: .seconds(20))
        rig.send(.timer)
        #expect(rig.session.state == .established && rig.session.counters.stops == 1)
        rig.receive(.keepalive)
        rig.pass(.seconds(5))
        #expect(rig.session.state == .established)
        rig.stopProcess(for: .seconds(20))
        rig.send(.timer)
        rig.pass(.seconds(1))
        #expect(rig.reports == [.down(.error(.holdTimerExpired))])
    }

    /// RFC 9687.
    @Test func aPeerThatReadsNothingIsGivenUp() {
        var rig = Rig.established()
        rig.isBlocked = true
        rig.send(.wanted(["10.0.0.0/8": Path()]))
        for _ in 0..<47 {
            rig.pass(.seconds(10))
            rig.receive(.keepalive)
        }
        #expect(rig.session.state == .established)
        // What waits is a sign of life; nothing is added to it.
        #expect(!rig.messages().contains(.keepalive))
        rig.pass(.seconds(10))
        #expect(rig.notifications == [Notification(code: 8, subcode: 0)])
    }

    @Test func bfdTakesItDownAtOnce() {
        var rig = Rig.established()
        rig.send(.bfdDown)
        #expect(rig.notifications == [.cease(.bfdDown)] && rig.reports == [.down(.bfdDown)])
        #expect(rig.session.state == .active)
        rig.pass(.seconds(1))
        #expect(rig.session.state == .connect)
        rig.clear()
        rig.send(.bfdDown)
        #expect(rig.directives.isEmpty)
    }

    /// A session that stood for a minute was a good one: the next try is soon.
    @Test func theBackoffBeginsAnewAfterAStableSession() {
        for (seconds, soon) in [(59, false), (61, true)] {
            var rig = Rig()
            rig.send(.start)
            for id in 1...6 {
                rig.send(.connectFailed(id, "no route"))
                rig.pass(.seconds(30))
            }
            // The peer connects meanwhile.
            rig.send(.accepted(localAddress: "192.0.2.1"))
            let id = rig.session.lastConnectionID
            rig.receive(.open(.peer(holdTimeSeconds: 0)), on: id)
            rig.receive(.keepalive, on: id)
            rig.pass(.seconds(seconds))
            rig.send(.closed(id, nil))
            rig.pass(.seconds(1))
            #expect((rig.session.state == .connect) == soon)
        }
    }

    // MARK: The end

    @Test func beforeTheEndAllIsWithdrawn() {
        var rig = Rig.established()
        rig.send(.wanted(["10.0.0.0/8": Path(), "2001:db8::/32": Path()]))
        rig.send(.amended(["2001:db8::/32": Path(communities: [.noExport])]))
        rig.clear()
        rig.send(.stop(.shutdown(text: "drained")))
        #expect(rig.updates == [Update(withdrawn: ["10.0.0.0/8"])])
        #expect(rig.messages().last == .notification(.cease(.administrativeShutdown, text: "drained")))
        #expect(rig.directives.last == .report(.ended) && rig.directives.contains(.close(1)))
        #expect(rig.session.state == .idle && rig.session.announcedCount == 0)
        rig.clear()
        rig.pass(.seconds(100))
        #expect(rig.directives.isEmpty)
        #expect(rig.send(.accepted(localAddress: "192.0.2.1")) == [.refuse])
        #expect(rig.send(.stop(.deconfigured)) == [.report(.ended)])
    }

    /// With more than fits at once, the rest follows what is out; a peer that does not read is not waited for for long.
    @Test(arguments: [true, false]) func longFarewells(reads: Bool) {
        var rig = Rig.established()
        let prefixes = (0..<30_000 as Range<UInt32>).compactMap {
            Prefix(.v4(IPv4Address(rawValue: 0x0A00_0000 | $0)), length: 32)
        }
        rig.send(.wanted(Dictionary(uniqueKeysWithValues: prefixes.map { ($0, Path()) })))
        rig.isBlocked = true
        rig.clear()
        rig.send(.stop(.shutdown(text: "")))
        #expect(rig.session.state == .established && !rig.reports.contains(.ended))
        #expect(rig.updates.reduce(0) { $0 + $1.withdrawn.count } < 15_000)
        // What is wanted now comes too late.
        rig.send(.amended(["192.0.2.0/24": Path()]))
        if reads {
            rig.isBlocked = false
            rig.send(.drained(1))
            #expect(rig.updates.flatMap(\.withdrawn) == prefixes && rig.updates.allSatisfy { $0.announced.isEmpty })
        } else {
            rig.pass(.seconds(2))
        }
        #expect(rig.messages().last == .notification(.cease(.administrativeShutdown)))
        #expect(rig.reports == [.down(.stopped(.shutdown(text: ""))), .ended])
    }

    @Test(arguments: [
        (Stop.restart, true, nil), (.restart, false, Notification.cease(.administrativeReset)),
        (.deconfigured, true, .cease(.peerDeconfigured)), (.reconfigured, true, .cease(.otherConfigurationChange)),
    ])
    func otherEnds(stop: Stop, restarts: Bool, notification: Notification?) {
        var rig = Rig.established(.test, .peer(restarts: restarts))
        rig.send(.wanted(["10.0.0.0/8": Path()]))
        rig.clear()
        rig.send(.stop(stop))
        #expect(rig.messages() == (notification.map { [.notification($0)] } ?? []))
        #expect(rig.directives.contains(.close(1)) && rig.reports == [.down(.stopped(stop)), .ended])
    }

    @Test func itCanBeginAgain() {
        var rig = Rig.established()
        rig.send(.wanted(["10.0.0.0/8": Path()]))
        rig.send(.stop(.shutdown(text: "")))
        rig.clear()
        rig.send(.start)
        #expect(rig.directives.first == .connect(2))
        rig.send(.connected(2, localAddress: "192.0.2.1"))
        rig.receive(.open(.peer()), on: 2)
        rig.receive(.keepalive, on: 2)
        #expect(rig.session.announcedCount == 1)
    }
}
