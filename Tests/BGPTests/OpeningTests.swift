import Testing
import Wire

@testable import BGP

/// The finite state machine up to Established: transcripts of RFC 4271 section 8.2.2.
@Suite struct OpeningTests {
    @Test func fromIdleToEstablished() throws {
        var rig = Rig()
        #expect(rig.session.state == .idle)
        #expect(rig.send(.start).first == .connect(1))
        #expect(rig.session.state == .connect)
        rig.now = rig.now.advanced(by: .seconds(2))
        rig.send(.connected(1, localAddress: "192.0.2.1"))
        #expect(rig.session.state == .openSent && rig.session.since == rig.now)
        #expect(rig.messages() == [.open(Settings.test.open(isRestarting: false))])
        rig.clear()
        rig.receive(.open(.peer(holdTimeSeconds: 30)))
        #expect(rig.session.state == .openConfirm && rig.messages() == [.keepalive])
        #expect(rig.session.negotiation == nil)
        rig.receive(.keepalive)
        #expect(rig.session.state == .established)
        let negotiation = try #require(rig.session.negotiation)
        #expect(rig.reports == [.up(negotiation)])
        #expect(negotiation.holdTimeSeconds == 30 && negotiation.routerID == "10.0.0.9")
        #expect(negotiation.families == [.ipv4Unicast, .ipv6Unicast])
        #expect(negotiation.hasFourOctetASNs && negotiation.keepsRoutes && !negotiation.takesExtendedMessages)
    }

    @Test func aPeerThatConnectsIsTaken() {
        var settings = Settings.test
        settings.isPassive = true
        var rig = Rig(settings)
        rig.send(.accepted(localAddress: "192.0.2.1"))
        #expect(rig.directives == [.refuse])
        rig.clear()
        rig.send(.start)
        #expect(rig.session.state == .active && rig.directives.isEmpty)
        rig.send(.accepted(localAddress: "192.0.2.1"))
        #expect(rig.directives.first == .take(1) && rig.session.state == .openSent)
        rig.receive(.open(.peer()))
        rig.receive(.keepalive)
        #expect(rig.session.state == .established)
    }

    /// What comes where it has no place (section 8.2.2, RFC 6608).
    @Test(arguments: [
        (State.openSent, Message.keepalive, UInt8(1)), (.openSent, .update(Update()), 1),
        (.openSent, .routeRefresh(.ipv4Unicast, subtype: 0), 1), (.openConfirm, .open(.peer()), 2),
        (.openConfirm, .update(Update()), 2), (.openConfirm, .routeRefresh(.ipv4Unicast, subtype: 0), 2),
        (.established, .open(.peer()), 3),
    ])
    func messagesOutOfPlaceEndIt(state: State, message: Message, subcode: UInt8) {
        var rig = Rig()
        rig.send(.start)
        rig.send(.connected(1, localAddress: "192.0.2.1"))
        if state != .openSent { rig.receive(.open(.peer())) }
        if state == .established { rig.receive(.keepalive) }
        #expect(rig.session.state == state)
        rig.clear()
        rig.receive(message)
        #expect(rig.notifications == [Notification(code: 5, subcode: subcode)])
        #expect(rig.directives.contains(.close(1)))
        let cause = Cause.error(.unexpectedMessage(in: state))
        #expect(rig.reports == [state == .established ? .down(cause) : .failed(cause)])
        #expect(rig.session.state == .idle && rig.session.lastCause == cause)
    }

    /// OPENs that are not accepted (section 6.2), and what tells the peer.
    @Test(arguments: [
        (Open.peer(asn: 64_599), BGPError.badPeerASN(64_599, expected: 64_513), UInt8(2)),
        (.peer(routerID: "0.0.0.0"), .badRouterID("0.0.0.0"), 3),
        (.peer(holdTimeSeconds: 1), .unacceptableHoldTime(1), 6),
        (.peer(holdTimeSeconds: 2), .unacceptableHoldTime(2), 6),
    ])
    func opensThatAreRefused(open: Open, error: BGPError, subcode: UInt8) {
        var rig = Rig()
        rig.send(.start)
        rig.send(.connected(1, localAddress: "192.0.2.1"))
        rig.clear()
        rig.receive(.open(open))
        #expect(rig.notifications == [Notification(code: 2, subcode: subcode)])
        #expect(rig.reports == [.failed(.error(error))])
    }

    @Test func inOneASTheOwnRouterIDIsRefused() {
        var rig = Rig(.internalTest)
        rig.send(.start)
        rig.send(.connected(1, localAddress: "192.0.2.1"))
        rig.receive(.open(.peer(asn: Rig.localASN, routerID: "10.0.0.1")))
        #expect(rig.reports == [.failed(.error(.badRouterID("10.0.0.1")))])
        #expect(Rig.established(.test, .peer(routerID: "10.0.0.1")).session.state == .established)
    }

    /// Bytes that are not BGP, an UPDATE that cannot be read: in words and by NOTIFICATION.
    @Test func errorsOfTheCodecEndIt() {
        var rig = Rig.established()
        rig.receive(Array("GET / HTTP/1.1\r\nHost: router\r\n\r\n".utf8))
        #expect(rig.notifications == [Notification(code: 1, subcode: 1)])
        #expect(rig.reports == [.down(.error(.notSynchronized))])
        rig = Rig.established()
        rig.receive(message("001902 0002 210a 0000"))
        #expect(rig.notifications == [Notification(code: 3, subcode: 10)])
        // What comes behind is nobody's.
        rig.clear()
        rig.receive(.keepalive)
        #expect(rig.directives.isEmpty)
    }

    @Test func aPeerThatEndsItIsBelieved() {
        var rig = Rig.established()
        let notification = Notification.cease(.administrativeShutdown, text: "tea time")
        rig.receive(.notification(notification))
        #expect(rig.notifications.isEmpty && rig.directives.contains(.close(1)))
        #expect(rig.reports == [.down(.told(notification))])
        #expect(
            rig.session.lastCause?.description
                == "the peer ended the session: Cease (code 6, subcode 2): Administrative Shutdown, \"tea time\"")
    }

    // MARK: Again

    @Test func failuresAreToldOnceAndTriedAgainAtGrowingIntervals() {
        var rig = Rig()
        rig.send(.start)
        var waits: [Duration] = []
        for id in 1...9 {
            let failed = rig.now
            rig.send(.connectFailed(id, "connection refused"))
            #expect(rig.session.state == .active)
            while rig.session.state == .active, let at = rig.wakeAt { rig.pass(rig.now.duration(to: at)) }
            waits.append(failed.duration(to: rig.now))
            #expect(rig.directives.contains(.connect(id + 1)))
        }
        #expect(rig.reports == [.failed(.unreachable("connection refused"))])
        for (wait, longest) in zip(waits, [1, 2, 4, 8, 16, 30, 30, 30, 30] as [Int]) {
            #expect(wait <= .seconds(longest) && wait >= .milliseconds(longest * 750))
        }
    }

    @Test func aConnectionThatNobodyAnswersIsGivenUp() {
        var rig = Rig()
        rig.send(.start)
        rig.pass(.seconds(10))
        #expect(rig.directives.contains(.close(1)) && rig.reports == [.failed(.unreachable("no answer"))])
        rig.pass(.seconds(1))
        #expect(rig.directives.contains(.connect(2)))
        // What is said of the old one comes too late.
        rig.clear()
        rig.send(.connected(1, localAddress: "192.0.2.1"))
        #expect(rig.session.state == .connect && rig.messages().isEmpty)
    }

    @Test func afterAnErrorNothingIsTakenForAMoment() {
        var rig = Rig.established()
        rig.receive(.open(.peer()))
        rig.clear()
        #expect(rig.send(.accepted(localAddress: "192.0.2.1")) == [.refuse])
        rig.pass(.milliseconds(999))
        #expect(rig.session.state == .idle && !rig.directives.contains(.connect(2)))
        rig.pass(.milliseconds(2))
        #expect(rig.session.state == .connect)
        #expect(rig.send(.accepted(localAddress: "192.0.2.1")).first == .take(3))
        #expect(rig.session.counters.refused == 1)
    }

    @Test func aPeerThatSaysNothingIsGivenUp() {
        var rig = Rig()
        rig.send(.start)
        rig.send(.connected(1, localAddress: "192.0.2.1"))
        rig.pass(.seconds(30))
        #expect(rig.notifications == [Notification(code: 4, subcode: 0)])
    }

    /// Without a hold time nothing else would end the wait for the KEEPALIVE.
    @Test func aPeerThatDoesNotConfirmIsGivenUp() {
        var rig = Rig()
        rig.send(.start)
        rig.send(.connected(1, localAddress: "192.0.2.1"))
        rig.receive(.open(.peer(holdTimeSeconds: 0)))
        rig.pass(.seconds(30))
        #expect(rig.notifications == [Notification(code: 4, subcode: 0)])
    }

    // MARK: Two connections at once (section 6.8)

    /// Both sides have connected; the OPEN of the outgoing connection comes first, or that of the other.
    private static func collide(peer routerID: IPv4Address, outgoingFirst: Bool, asn: UInt32 = Rig.peerASN) -> Rig {
        var rig = Rig()
        rig.send(.start)
        rig.send(.accepted(localAddress: "192.0.2.1"))
        rig.send(.connected(1, localAddress: "192.0.2.1"))
        rig.clear()
        for id in outgoingFirst ? [1, 2] : [2, 1] { rig.receive(.open(.peer(routerID: routerID)), on: id) }
        return rig
    }

    @Test(arguments: [true, false]) func theConnectionOfTheHigherIdentifierStays(outgoingFirst: Bool) {
        // The same identifier: the higher AS number, which is the peer's.
        for (routerID, stays) in [("10.0.0.9", 2), ("10.0.0.0", 1), ("10.0.0.1", 2)] as [(IPv4Address, Int)] {
            var rig = Self.collide(peer: routerID, outgoingFirst: outgoingFirst)
            #expect(rig.session.state == .openConfirm && rig.session.counters.collisions == 1)
            let collision = Message.notification(.cease(.connectionCollisionResolution))
            #expect(rig.messages(on: 3 - stays).last == collision && rig.directives.contains(.close(3 - stays)))
            #expect(rig.messages(on: stays) == [.keepalive] && rig.reports.isEmpty)
            rig.receive(.keepalive, on: stays)
            #expect(rig.session.state == .established)
        }
    }

    @Test func anEstablishedSessionStays() {
        var rig = Rig.established(.test, .peer(restarts: false))
        rig.send(.accepted(localAddress: "192.0.2.1"))
        rig.receive(.open(.peer(restarts: false)), on: 2)
        #expect(rig.messages(on: 2).last == .notification(.cease(.connectionCollisionResolution)))
        #expect(rig.session.state == .established && rig.reports.isEmpty)
    }

    /// RFC 4724 section 4.2: a peer that comes anew has restarted.
    @Test func aPeerThatRestartedReplacesItsOldConnection() {
        var rig = Rig.established()
        rig.send(.accepted(localAddress: "192.0.2.1"))
        rig.receive(.open(.peer()), on: 2)
        #expect(rig.notifications.isEmpty && rig.directives.contains(.close(1)))
        #expect(rig.reports == [.down(.replaced)] && rig.session.state == .openConfirm)
        rig.receive(.keepalive, on: 2)
        #expect(rig.session.state == .established)
    }

    @Test func aPeerThatConnectsTwiceMeansTheSecond() {
        var rig = Rig()
        rig.send(.start)
        rig.send(.accepted(localAddress: "192.0.2.1"))
        rig.send(.accepted(localAddress: "192.0.2.1"))
        #expect(rig.directives.contains(.close(2)) && rig.directives.contains(.take(3)))
        rig.receive(.open(.peer()), on: 3)
        rig.receive(.keepalive, on: 3)
        // The connection that was on its way is not needed any more.
        #expect(rig.directives.contains(.close(1)) && rig.session.state == .established)
    }
}
