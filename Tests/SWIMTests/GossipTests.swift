import Testing
import Wire

@testable import SWIM

@Suite struct GossipTests {
    // MARK: The queue

    private static func alive(_ number: Int, incarnation: UInt32 = 1, metadata: Int = 0) -> Message {
        .alive(
            Alive(
                incarnation: incarnation, node: .member(number), address: .host(number),
                metadata: [UInt8](repeating: 0, count: metadata)))
    }

    @Test func newerNewsOfAMemberReplacesOlder() {
        var queue = BroadcastQueue()
        queue.insert(Self.alive(2), about: .member("b"))
        queue.insert(.dead(Dead(incarnation: 1, node: "b", from: "a")), about: .member("b"))
        let messages = queue.take(within: Budget(limitBytes: 1_000), transmitLimit: 4)
        #expect(messages == [.dead(Dead(incarnation: 1, node: "b", from: "a"))])
    }

    @Test func aMessageGoesALimitedNumberOfTimes() {
        var queue = BroadcastQueue()
        queue.insert(Self.alive(2), about: .member("b"))
        for _ in 0..<4 {
            let messages = queue.take(within: Budget(limitBytes: 1_000), transmitLimit: 4)
            #expect(messages == [Self.alive(2)])
        }
        #expect(queue.isEmpty)
    }

    /// Least sent first, then the longest, then the newest; and what does not fit leaves its room to what does.
    @Test func theOrderIsMemberlists() {
        var queue = BroadcastQueue()
        queue.insert(Self.alive(2), about: .member("b"))
        _ = queue.take(within: Budget(limitBytes: 1_000), transmitLimit: 4)
        queue.insert(Self.alive(3), about: .member("c"))
        queue.insert(Self.alive(4, metadata: 300), about: .member("d"))
        queue.insert(Self.alive(5), about: .member("e"))
        _ = queue.insert([1])
        var other = queue
        let all = queue.take(within: Budget(limitBytes: 1_000), transmitLimit: 4)
        #expect(all == [Self.alive(4, metadata: 300), Self.alive(5), Self.alive(3), Self.alive(2), .user([1])])
        let few = other.take(within: Budget(limitBytes: 300), transmitLimit: 4)
        #expect(few == [Self.alive(5), Self.alive(3), Self.alive(2), .user([1])])
    }

    @Test func broadcastsAreLimited() {
        var queue = BroadcastQueue()
        let held = (0..<128).count { queue.insert([UInt8($0)]) }
        #expect(held == 128)
        let isLastHeld = queue.insert([200])
        #expect(!isLastHeld)
        let left = queue.take(within: Budget(limitBytes: 10_000), transmitLimit: 4)
        #expect(left.count == 128)
        #expect(left.contains(.user([200])))
        #expect(!left.contains(.user([0])))
    }

    /// retransmitMult × ⌈log10(n + 1)⌉.
    @Test(arguments: [(1, 4), (9, 4), (10, 8), (99, 8), (100, 12), (1_000, 16)])
    func transmitsGrowWithTheGroup(members: Int, transmits: Int) {
        #expect(Timing.lan.transmitLimit(members: members) == transmits)
    }

    // MARK: Rounds

    /// News goes at once to three members, then each 200 ms, until it has gone four times.
    @Test func newsGoesToThreeMembersEachRound() {
        var rig = Rig.group(of: 6)
        let alive = Message.alive(Alive(incarnation: 1, node: "g", address: .host(7)))
        rig.receive(alive)
        #expect(rig.messages == [alive, alive, alive])
        #expect(Set(rig.sent.map(\.to)).count == 3)
        rig.pass(.milliseconds(199)) { answered($0) }
        let before = rig.messages.count { $0 == alive }
        rig.pass(.seconds(1)) { answered($0) }
        #expect(before <= 4)
        #expect(rig.messages.count { $0 == alive } == 4)
    }

    @Test func newsRidesWithPingsAndAnswers() {
        var rig = Rig(timing: .lan)
        rig.receive(.ping(Ping(sequence: 3, node: "a")), from: .host(2))
        let own = Message.alive(Alive(incarnation: 1, node: "a", address: .host(1)))
        #expect(rig.directives.contains(.send([.ack(Ack(sequence: 3)), own], to: .host(2))))
    }

    @Test func theDeadAreGossipedToForHalfAMinute() {
        var rig = Rig.group(of: 2)
        rig.receive(.dead(Dead(incarnation: 1, node: "b", from: "c")))
        rig.pass(.milliseconds(100))
        rig.clear()
        rig.pass(.seconds(25))
        rig.send(.metadata([1]))
        #expect(rig.messages.contains(.alive(Alive(incarnation: 2, node: "a", address: .host(1), metadata: [1]))))
    }

    @Test func whoeverHasLeftIsNotGossipedTo() {
        var rig = Rig.group(of: 2)
        rig.receive(.dead(Dead(incarnation: 1, node: "b", from: "b")))
        rig.send(.metadata([1]))
        rig.pass(.seconds(2))
        #expect(rig.messages.isEmpty)
    }

    /// Everything that is sent in one datagram fits 1,400 bytes, however much there is to say.
    @Test func aDatagramIsNeverTooLong() {
        var rig = Rig.group(of: 5)
        for number in 6...200 {
            rig.receive(
                .alive(
                    Alive(
                        incarnation: 1, node: .member(number), address: .host(number),
                        metadata: [UInt8](repeating: 1, count: number * 2))))
            rig.send(.broadcast([UInt8](repeating: UInt8(number), count: number * 5)))
        }
        rig.pass(.seconds(20)) { answered($0) }
        var longest = 0
        for case .send(let messages, _) in rig.directives {
            longest = max(longest, messages.reduce(36) { $0 + $1.encodedLength + 2 })
        }
        #expect((1_390...1_400).contains(longest))
    }

    // MARK: Broadcasts of those above

    @Test func aBroadcastIsToldAndPassedOnOnce() {
        var rig = Rig.group(of: 3)
        rig.receive([.user([1, 2]), .user([1, 2])], from: .host(2))
        #expect(rig.reports == [.told([1, 2])])
        #expect(rig.messages.contains(.user([1, 2])))
        rig.drain()
        rig.clear()
        rig.receive(.user([1, 2]))
        rig.pass(.seconds(1)) { answered($0) }
        #expect(!rig.messages.contains(.user([1, 2])))
        #expect(rig.reports.isEmpty)
    }

    @Test func itsOwnBroadcastIsNotToldToItself() {
        var rig = Rig.group(of: 3)
        rig.send(.broadcast([1, 2]))
        #expect(rig.messages.contains(.user([1, 2])))
        rig.receive(.user([1, 2]))
        #expect(rig.reports.isEmpty)
    }

    /// Each member remembers 512 of them.
    @Test func veryOldBroadcastsAreToldAgain() {
        var heard = Heard()
        let news = (Array(0..<512) + [0, 512, 0, 2]).map { heard.insert([UInt8($0 >> 8), UInt8($0 & 255)]) }
        #expect(news.prefix(512).allSatisfy { $0 })
        #expect(news.suffix(4) == [false, true, true, false])
    }

    @Test func broadcastsThatAreTooLongAreDropped() {
        var rig = Rig.group(of: 3)
        rig.send(.broadcast([UInt8](repeating: 0, count: 1_025)))
        rig.receive(.user([UInt8](repeating: 0, count: 1_025)))
        #expect(rig.messages.isEmpty && rig.reports.isEmpty)
        #expect(rig.instance.counters.dropped.invalidValue == 2)
    }
}
