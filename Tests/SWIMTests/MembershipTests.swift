import Testing
import Wire

@testable import SWIM

@Suite struct MembershipTests {
    // MARK: Alive

    @Test func aNewMemberIsReportedAndToldOn() {
        var rig = Rig.group(of: 2)
        let alive = Alive(incarnation: 1, node: "c", address: .host(3), metadata: [7])
        rig.receive(.alive(alive))
        #expect(rig.reports == [.changed(.other(3, metadata: [7]))])
        #expect(rig.instance.members.map(\.name) == ["a", "b", "c"])
        #expect(rig.messages.contains(.alive(alive)))
    }

    @Test(arguments: [UInt32(0), 1])
    func oldNewsIsIgnored(incarnation: UInt32) {
        var rig = Rig.group(of: 3)
        rig.receive(.alive(Alive(incarnation: incarnation, node: "c", address: .host(3), metadata: [7])))
        #expect(rig.reports.isEmpty && rig.messages.isEmpty)
        #expect(rig.member("c") == .other(3))
    }

    /// A daemon that has begun anew has heard less of itself from others than this node knows: it is told, so that it can outdo that.
    @Test(arguments: [(UInt32(1), true), (8, true), (9, true), (10, false)])
    func whoCountsFromBelowIsTold(incarnation: UInt32, isTold: Bool) {
        var rig = Rig.group(of: 3)
        let known = Alive(incarnation: 9, node: "c", address: .host(3), metadata: [1])
        rig.receive(.alive(known))
        rig.drain()
        rig.clear()
        let anew = Alive(incarnation: incarnation, node: "c", address: .host(3), metadata: [2])
        rig.receive(.alive(anew), from: .host(3))
        #expect(rig.directives.contains(.send([.alive(known)], to: .host(3))) == isTold)
        rig.clear()
        // What comes by others may be old.
        rig.receive(.alive(anew), from: .host(2))
        #expect(!rig.directives.contains(.send([.alive(known)], to: .host(3))))
    }

    @Test func changedMetadataIsReportedAndARefutationIsNot() {
        var rig = Rig.group(of: 3)
        rig.receive(.alive(Alive(incarnation: 2, node: "c", address: .host(3))))
        #expect(rig.reports.isEmpty)
        rig.receive(.alive(Alive(incarnation: 3, node: "c", address: .host(3), metadata: [7])))
        #expect(rig.reports == [.changed(.other(3, incarnation: 3, metadata: [7]))])
    }

    /// A peer that does not tell its versions keeps those that it is known by.
    @Test func versionsThatAreNotToldStay() {
        var rig = Rig.group(of: 3)
        let none = Versions(protocolMinimum: 0, protocolMaximum: 0, protocolCurrent: 0)
        rig.receive(.alive(Alive(incarnation: 2, node: "c", address: .host(3), versions: none)))
        #expect(rig.member("c") == .other(3, incarnation: 2))
    }

    @Test func aMemberThatIsKnownElsewhereIsNotMoved() {
        var rig = Rig.group(of: 3)
        rig.receive(.alive(Alive(incarnation: 5, node: "c", address: .host(30))))
        rig.receive(.suspect(Suspect(incarnation: 1, node: "c", from: "b")))
        rig.receive(.dead(Dead(incarnation: 1, node: "c", from: "b")))
        rig.receive(.alive(Alive(incarnation: 5, node: "c", address: .host(30))))
        #expect(rig.member("c") == .other(3, .dead))
        #expect(rig.instance.counters.dropped.addressConflict == 2)
    }

    @Test func aMemberThatHasLeftMayComeBackElsewhere() {
        var rig = Rig.group(of: 3)
        rig.receive(.dead(Dead(incarnation: 4, node: "c", from: "c")))
        #expect(rig.reports == [.changed(.other(3, .left, incarnation: 4))])
        rig.receive(.alive(Alive(incarnation: 1, node: "c", address: .host(30))))
        #expect(rig.member("c")?.address == .host(30))
        #expect(rig.status("c") == .alive)
    }

    @Test(arguments: [Member.Status.dead, .left])
    func aMemberComesBackWithALargerIncarnation(status: Member.Status) {
        var rig = Rig.group(of: 3)
        rig.receive(.dead(Dead(incarnation: 4, node: "c", from: status == .left ? "c" : "b")))
        rig.receive(.alive(Alive(incarnation: 4, node: "c", address: .host(3))))
        #expect(rig.status("c") == status)
        rig.receive(.alive(Alive(incarnation: 5, node: "c", address: .host(3))))
        #expect(rig.status("c") == .alive)
        #expect(rig.reports.last == .changed(.other(3, incarnation: 5)))
    }

    // MARK: Suspect and dead

    @Test func whatIsSaidOfAnOlderIncarnationOrOfStrangersIsIgnored() {
        var rig = Rig.group(of: 3)
        rig.receive(.alive(Alive(incarnation: 5, node: "c", address: .host(3))))
        rig.drain()
        rig.clear()
        rig.receive(.suspect(Suspect(incarnation: 4, node: "c", from: "b")))
        rig.receive(.dead(Dead(incarnation: 4, node: "c", from: "b")))
        rig.receive(.suspect(Suspect(incarnation: 1, node: "z", from: "b")))
        rig.receive(.dead(Dead(incarnation: 1, node: "z", from: "b")))
        #expect(rig.reports.isEmpty && rig.messages.isEmpty)
    }

    @Test func whoeverIsDeadIsNeitherSuspectedNorKilledAgain() {
        var rig = Rig.group(of: 3)
        rig.receive(.dead(Dead(incarnation: 1, node: "c", from: "b")))
        rig.drain()
        rig.clear()
        rig.receive(.suspect(Suspect(incarnation: 9, node: "c", from: "b")))
        rig.receive(.dead(Dead(incarnation: 9, node: "c", from: "c")))
        #expect(rig.member("c") == .other(3, .dead))
        #expect(rig.reports.isEmpty)
    }

    // MARK: This node

    @Test(arguments: [UInt32(1), 7])
    func whatIsSaidOfThisNodeIsRefuted(incarnation: UInt32) {
        for accusation in [
            Message.suspect(Suspect(incarnation: incarnation, node: "a", from: "b")),
            .dead(Dead(incarnation: incarnation, node: "a", from: "b")),
            .dead(Dead(incarnation: incarnation, node: "a", from: "a")),
        ] {
            var rig = Rig.group(of: 3)
            rig.receive(accusation)
            #expect(rig.incarnation == incarnation + 1)
            #expect(rig.status("a") == .alive)
            #expect(
                rig.messages.contains(.alive(Alive(incarnation: incarnation + 1, node: "a", address: .host(1)))))
            #expect(rig.instance.counters.refutations == 1)
            #expect(rig.instance.awarenessScore == 1)
        }
    }

    /// Whoever still tells what was refuted has not heard of it, and hears it now.
    @Test func oldAccusationsAreAnswered() {
        for accusation in [
            Message.suspect(Suspect(incarnation: 7, node: "a", from: "c")),
            .dead(Dead(incarnation: 6, node: "a", from: "c")),
        ] {
            var rig = Rig.group(of: 3)
            rig.receive(.suspect(Suspect(incarnation: 7, node: "a", from: "b")))
            rig.drain()
            rig.clear()
            rig.receive(accusation)
            #expect(rig.incarnation == 8)
            #expect(rig.instance.counters.refutations == 1)
            #expect(
                rig.directives.first
                    == .send([.alive(Alive(incarnation: 8, node: "a", address: .host(1)))], to: .host(3)))
        }
    }

    /// What this node said in an earlier life, before it began anew with another text.
    @Test(arguments: [(1, [9], 2), (1, [], 1), (5, [], 6), (0, [9], 1)])
    func anotherLifeOfThisNodeIsOutdone(told: UInt32, metadata: [UInt8], own: UInt32) {
        var rig = Rig.group(of: 3)
        rig.receive(.alive(Alive(incarnation: told, node: "a", address: .host(1), metadata: metadata)))
        #expect(rig.incarnation == own)
        #expect(rig.member("a")?.metadata == [])
    }

    @Test func anotherOneOfThisNameIsReportedOnce() {
        var rig = Rig.group(of: 3)
        let other = Alive(incarnation: 1, node: "a", address: .host(66))
        rig.receive([.alive(other), .alive(other)], from: .host(2))
        #expect(rig.reports == [.nameTaken(by: .host(66))])
        #expect(rig.incarnation == 1)
        #expect(rig.member("a")?.address == .host(1))
    }

    @Test func newMetadataIsToldWithALargerIncarnation() {
        var rig = Rig.group(of: 3)
        rig.send(.metadata([1, 2]))
        #expect(rig.messages.contains(.alive(Alive(incarnation: 2, node: "a", address: .host(1), metadata: [1, 2]))))
        rig.drain()
        rig.clear()
        rig.send(.metadata([1, 2]))
        rig.send(.metadata([UInt8](repeating: 0, count: 513)))
        #expect(rig.messages.isEmpty)
        #expect(rig.incarnation == 2)
    }

    /// The others would take the new address for a stranger's: this node leaves the old one first.
    @Test func aNewAddressIsTakenAfterAFarewellAtTheOld() throws {
        var rig = Rig.group(of: 3)
        rig.send(.address(.host(20)))
        let news: [Message] = [
            .dead(Dead(incarnation: 1, node: "a", from: "a")),
            .alive(Alive(incarnation: 2, node: "a", address: .host(20))),
        ]
        #expect(rig.directives.contains(.send(news, to: .host(2))))

        var peer = Instance(name: "b", address: .host(2))
        var rng = PRNG(seed: 2)
        _ = peer.handle(.started, at: .zero, using: &rng)
        _ = peer.handle(
            .received([.alive(Alive(incarnation: 1, node: "a", address: .host(1)))], from: .host(1)), at: .zero,
            using: &rng)
        _ = peer.handle(.received(news, from: .host(20)), at: .zero, using: &rng)
        #expect(peer.members.first == Member(name: "a", address: .host(20), incarnation: 2))

        // Its own old address is nobody else's.
        rig.clear()
        rig.receive(.alive(Alive(incarnation: 1, node: "a", address: .host(1))))
        #expect(rig.reports.isEmpty)
    }

    // MARK: What cannot be

    @Test(arguments: [
        Alive(incarnation: 1, node: "x", address: SocketAddress(.v4(IPv4Address(rawValue: 0)), port: 7946)),
        Alive(incarnation: 1, node: "x", address: SocketAddress(.v4(IPv4Address(rawValue: 0xE000_0001)), port: 7946)),
        Alive(incarnation: 1, node: "x", address: SocketAddress(.v4(IPv4Address(rawValue: .max)), port: 7946)),
        Alive(incarnation: 1, node: "x", address: SocketAddress(.v6(IPv6Address(rawValue: 0)), port: 7946)),
        Alive(incarnation: 1, node: "x", address: SocketAddress(.v6(IPv6Address(rawValue: 0xFF02 << 112)), port: 7946)),
        Alive(incarnation: 1, node: "x", address: SocketAddress(SocketAddress.host(9).address, port: 0)),
        Alive(incarnation: 1, node: "", address: .host(9)),
        Alive(incarnation: 1, node: String(repeating: "x", count: 254), address: .host(9)),
        Alive(incarnation: 1, node: "x", address: .host(9), metadata: [UInt8](repeating: 0, count: 513)),
        Alive(incarnation: 0, node: "x", address: .host(9)),
        Alive(incarnation: 1 << 31, node: "x", address: .host(9)),
        Alive(
            incarnation: 1, node: "x", address: .host(9),
            versions: Versions(protocolMinimum: 3, protocolMaximum: 2, protocolCurrent: 2)),
    ])
    func aSignOfLifeThatCannotBeIsDropped(alive: Alive) {
        var rig = Rig.group(of: 2)
        rig.receive(.alive(alive))
        rig.send(.pushed(PushPull(isJoin: true, nodes: [.init(alive, status: .alive)]), id: 1, from: .host(2)))
        #expect(rig.instance.members.count == 2)
        #expect(rig.instance.counters.dropped.total == 2)
        #expect(rig.reports.isEmpty)
    }

    /// Nobody could outdo the largest incarnation; what comes near it is outdone, and this node goes on.
    @Test func anAccusationThatCannotBeRefutedIsDropped() {
        var rig = Rig.group(of: 2)
        rig.receive(.suspect(Suspect(incarnation: (1 << 31) - 1, node: "a", from: "b")))
        rig.send(.metadata([1]))
        #expect(rig.incarnation == UInt32(1 << 31) + 1)
        rig = Rig.group(of: 2)
        rig.receive(.suspect(Suspect(incarnation: .max, node: "a", from: "b")))
        rig.receive(.dead(Dead(incarnation: .max, node: "b", from: "b")))
        #expect(rig.incarnation == 1)
        #expect(rig.status("b") == .alive)
        #expect(rig.instance.counters.dropped.invalidValue == 2)
    }

    @Test func absurdReturnAddressesGetNoAnswer() {
        var rig = Rig.group(of: 2)
        let nowhere = SocketAddress(SocketAddress.host(9).address, port: 0)
        rig.receive(.ping(Ping(sequence: 1, node: "a", source: nowhere)))
        rig.receive(.indirectPing(IndirectPing(sequence: 1, target: nowhere, node: "b")))
        rig.receive(.indirectPing(IndirectPing(sequence: 1, target: .host(2), node: "b", source: nowhere)))
        #expect(rig.messages.isEmpty)
        #expect(rig.instance.counters.dropped.invalidAddress == 3)
    }

    // MARK: Limits

    @Test func membersAreLimited() {
        var rig = Rig.group(of: 2)
        for number in 3...1_005 {
            rig.receive(.alive(Alive(incarnation: 1, node: .member(number), address: .host(number))))
        }
        #expect(rig.instance.members.count == 1_000)
        #expect(rig.instance.counters.dropped.beyondLimit == 5)
    }

    @Test func pingsInTheSteadOfOthersAreLimited() {
        var rig = Rig.group(of: 3)
        for number in 1...300 {
            rig.receive(.indirectPing(IndirectPing(sequence: UInt32(number), target: .host(3), node: "c")))
        }
        #expect(rig.pings.count == 256)
        #expect(rig.instance.counters.dropped.beyondLimit == 44)
    }

    // MARK: The dead

    /// They stay for 30 s, so that they can be gossiped to, and go when each has had its turn after that.
    @Test func theDeadAreForgotten() {
        var rig = Rig.group(of: 3)
        rig.receive(.dead(Dead(incarnation: 1, node: "c", from: "b")))
        rig.pass(.seconds(30)) { answered($0, except: "c") }
        #expect(rig.status("c") == .dead)
        rig.clear()
        rig.pass(.seconds(4)) { answered($0, except: "c") }
        #expect(rig.reports == [.forgotten("c")])
        #expect(rig.instance.members.map(\.name) == ["a", "b"])
    }

    /// A member that died without a farewell is pinged for an hour, each second, and the group goes on as ever.
    @Test func theDeadArePingedForAnHour() {
        var rig = Rig.group(of: 3)
        rig.receive(.dead(Dead(incarnation: 1, node: "c", from: "b")))
        rig.clear()
        rig.pass(.seconds(3_600)) { answered($0, except: "c") }
        let count = rig.pings.count { $0.to == .host(3) }
        #expect((3_595...3_600).contains(count))
        #expect(rig.pings.count { $0.to == .host(2) } > 3_500)
        rig.clear()
        rig.pass(.seconds(60)) { answered($0, except: "c") }
        #expect(!rig.sent.contains { $0.to == .host(3) })
    }

    @Test func whoeverHasLeftIsNotPinged() {
        var rig = Rig.group(of: 3)
        rig.receive(.dead(Dead(incarnation: 1, node: "c", from: "c")))
        rig.pass(.seconds(1))
        rig.clear()
        rig.pass(.seconds(10)) { answered($0, except: "c") }
        #expect(!rig.sent.contains { $0.to == .host(3) })
    }

    @Test func noMoreThanEightOfTheDeadArePingedAtOnce() {
        var rig = Rig.group(of: 30)
        for number in 3...30 { rig.receive(.dead(Dead(incarnation: 1, node: .member(number), from: "b"))) }
        rig.drain()
        rig.pass(.seconds(1)) { answered($0) }
        var pinged: [SocketAddress] = []
        for _ in 0..<4 {
            rig.clear()
            rig.pass(.seconds(1)) { answered($0, only: "b") }
            let dead = rig.pings.map(\.to).filter { $0 != .host(2) }
            #expect(dead.count == 8)
            pinged += dead
        }
        #expect(Set(pinged).count == 28)
    }

    /// The answer to such a ping, or whatever else comes from there, has the whole state exchanged.
    @Test(arguments: [true, false])
    func aSignOfLifeFromTheDeadHasTheStateExchanged(byAck: Bool) throws {
        var rig = Rig.group(of: 3)
        rig.receive(.dead(Dead(incarnation: 1, node: "c", from: "b")))
        rig.clear()
        rig.pass(.seconds(2)) { answered($0, except: "c") }
        let ping = try #require(rig.pings.last { $0.to == .host(3) }?.ping)
        #expect(rig.exchanges.isEmpty)
        if byAck {
            rig.receive(.ack(Ack(sequence: ping.sequence)), from: .host(33))
        } else {
            rig.receive(.ping(Ping(sequence: 1, node: "a")), from: .host(3))
        }
        let exchange = try #require(rig.exchanges.first)
        #expect(exchange.with == .host(3))
        #expect(!exchange.state.isJoin)
        let state = PushPull(
            isJoin: false, nodes: [.init(Alive(incarnation: 2, node: "c", address: .host(3)), status: .alive)])
        rig.clear()
        rig.send(.pulled(state, id: exchange.id))
        #expect(rig.reports == [.changed(.other(3, incarnation: 2))])
        rig.pass(.seconds(10)) { answered($0) }
        #expect(rig.exchanges.isEmpty)
    }

    /// UDP gets through and TCP does not: one attempt after 1, 2, 4 s and so on.
    @Test func exchangesWithTheDeadAreNotTriedAllTheTime() {
        var rig = Rig.group(of: 3)
        rig.receive(.dead(Dead(incarnation: 1, node: "c", from: "b")))
        rig.pass(.seconds(120)) { directive in
            if case .exchange(_, _, let id) = directive { return .pulled(nil, id: id) }
            return answered(directive)
        }
        let count = rig.exchanges.count { $0.with == .host(3) }
        #expect((5...10).contains(count))
    }
}

/// What the others answer to a ping by datagram, `except` one, or `only` one.
func answered(_ directive: Directive, except silent: String? = nil, only speaker: String? = nil) -> Event? {
    guard case .send(let messages, let to) = directive, case .ping(let ping)? = messages.first else { return nil }
    guard ping.node != silent, speaker == nil || ping.node == speaker else { return nil }
    return .received([.ack(Ack(sequence: ping.sequence))], from: to)
}
