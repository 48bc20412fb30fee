import Testing
import Wire

@testable import SWIM

@Suite struct ExchangeTests {
    private static func state(
        _ nodes: [(Int, UInt32, Member.Status)], isJoin: Bool = false, userState: [UInt8] = []
    ) -> PushPull {
        PushPull(
            isJoin: isJoin,
            nodes: nodes.map { number, incarnation, status in
                PushPull.NodeState(
                    Alive(incarnation: incarnation, node: .member(number), address: .host(number)), status: status)
            }, userState: userState)
    }

    // MARK: To join

    @Test func aJoinExchangesTheWholeState() throws {
        var rig = Rig(metadata: [1])
        rig.send(.userState([9]))
        rig.send(.join([.host(2), .host(1)]))
        let exchange = try #require(rig.exchanges.first)
        #expect(rig.exchanges.count == 1)
        #expect(exchange.with == .host(2))
        let own = Alive(incarnation: 1, node: "a", address: .host(1), metadata: [1])
        #expect(exchange.state == PushPull(isJoin: true, nodes: [.init(own, status: .alive)], userState: [9]))

        rig.clear()
        rig.send(
            .pulled(
                Self.state([(2, 1, .alive), (3, 4, .alive), (4, 1, .dead), (5, 1, .left)], userState: [8]),
                id: exchange.id))
        #expect(
            rig.reports == [
                .changed(.other(2)), .changed(.other(3, incarnation: 4)), .merged([8], isJoin: true),
            ])
        #expect(rig.instance.counters.exchanges == 1)
        rig.pass(.seconds(20)) { answered($0) }
        #expect(rig.exchanges.isEmpty)
    }

    /// Each member is told at once what the daemon that has just begun says of itself, which outdoes what its predecessor said:
    /// once, at most so many, and none that is dead.
    @Test func whoHasJoinedTellsEachMemberOfItself() {
        var rig = Rig(metadata: [1])
        rig.send(.join([.host(2)]))
        let former = Alive(incarnation: 5, node: "a", address: .host(1), metadata: [7])
        let others = (2...60).map { ($0, UInt32(1), $0 == 60 ? Member.Status.dead : .alive) }
        var state = Self.state(others)
        state.nodes.append(.init(former, status: .alive))
        rig.clear()
        rig.send(.pulled(state, id: 1))
        let own = Alive(incarnation: 6, node: "a", address: .host(1), metadata: [1])
        func told() -> [SocketAddress] {
            rig.directives.compactMap { if case .send([.alive(own)], to: let to) = $0 { to } else { nil } }
        }
        #expect(Set(told()).count == 32 && told().count == 32)
        #expect(!told().contains(.host(60)))
        rig.clear()
        rig.send(.join([.host(2), .host(70)]))
        rig.send(.pulled(Self.state([(70, 1, .alive)]), id: 2))
        #expect(told().isEmpty)
    }

    /// A board that boots before the others finds them when they come: after about 1, 2, 4 s and so on up to a minute.
    @Test func aJoinThatFailsIsTriedAgain() {
        var rig = Rig()
        var times: [Instant] = []
        rig.send(.join([.host(2)]))
        rig.send(.pulled(nil, id: 1))
        var id = 1
        while times.count < 9 {
            rig.clear()
            rig.pass(.milliseconds(100))
            for exchange in rig.exchanges {
                times.append(rig.now)
                id = exchange.id
                rig.send(.pulled(nil, id: id))
            }
        }
        let waits = zip([Instant.zero] + times, times).map { $0.duration(to: $1) / .seconds(1) }
        for (wait, nominal) in zip(waits, [1.0, 2, 4, 8, 16, 32, 60, 60, 60]) {
            #expect((0.75...1.35).contains(wait / nominal))
        }
        #expect(rig.instance.counters.exchangesFailed == 10)
    }

    /// Whatever comes from where one is to be joined says that it is there. One that then does not answer is not tried with each.
    @Test func whoIsHeardIsJoinedAtOnce() {
        var rig = Rig()
        rig.send(.join([.host(2)]))
        rig.send(.pulled(nil, id: 1))
        while rig.exchanges.count < 5 {
            let count = rig.exchanges.count
            rig.pass(.milliseconds(100))
            if rig.exchanges.count > count, let id = rig.exchanges.last?.id { rig.send(.pulled(nil, id: id)) }
        }
        rig.pass(.seconds(5))
        rig.clear()
        rig.send(.received([], from: .host(3)))
        #expect(rig.exchanges.isEmpty)
        rig.send(.received([], from: .host(2)))
        #expect(rig.exchanges.map(\.with) == [.host(2)])

        rig.send(.pulled(nil, id: rig.exchanges.last?.id ?? 0))
        rig.clear()
        for _ in 0..<9 {
            rig.pass(.milliseconds(100))
            rig.send(.received([], from: .host(2)))
        }
        #expect(rig.exchanges.isEmpty)
        rig.pass(.milliseconds(100))
        #expect(rig.exchanges.map(\.with) == [.host(2)])
    }

    @Test func whereALiveMemberListensNobodyIsJoined() {
        var rig = Rig.group(of: 3)
        rig.send(.join([.host(2), .host(3), .host(4)]))
        #expect(rig.exchanges.map(\.with) == [.host(4)])
    }

    @Test func addressesThatAreNotAskedForAnyMoreAreNotTried() {
        var rig = Rig()
        rig.send(.join([.host(2)]))
        rig.send(.join([]))
        rig.send(.pulled(nil, id: 1))
        rig.clear()
        rig.pass(.seconds(100))
        #expect(rig.exchanges.isEmpty)
    }

    /// Eight at once; where the shell never tells the end of one, it counts as failed after twice its time.
    @Test func exchangesAreLimited() {
        var rig = Rig()
        rig.send(.join((2...30).map { .host($0) }))
        #expect(rig.exchanges.map(\.with) == (2...9).map { .host($0) })
        rig.clear()
        rig.send(.pulled(nil, id: 1))
        #expect(rig.exchanges.map(\.with) == [.host(10)])
        rig.clear()
        rig.pass(.milliseconds(19_990))
        #expect(rig.exchanges.isEmpty)
        rig.pass(.milliseconds(20))
        #expect(rig.exchanges.map(\.with) == (11...18).map { .host($0) })
        rig.send(.pulled(Self.state([(2, 1, .alive)]), id: 2))
        #expect(rig.instance.members.count == 1)
    }

    // MARK: To mend

    @Test func theStateIsExchangedEach30Seconds() {
        var rig = Rig.group(of: 3)
        rig.pass(.seconds(330)) { directive in
            if case .exchange(_, _, let id) = directive { return .pulled(Self.state([]), id: id) }
            return answered(directive)
        }
        #expect((9...10).contains(rig.exchanges.count))
        #expect(rig.exchanges.allSatisfy { !$0.state.isJoin && [.host(2), .host(3)].contains($0.with) })
        #expect(Set(rig.exchanges.map(\.with)).count == 2)
    }

    /// What was gossiped while it did not hear, it has missed.
    @Test func whoWasStoppedAsksForTheState() {
        var rig = Rig.group(of: 3)
        rig.now = rig.now.advanced(by: .seconds(10))
        rig.send(.timer)
        #expect(rig.exchanges.count == 1)
    }

    /// So has one that the others took for dead.
    @Test func whoIsCalledDeadAsksForTheState() {
        var rig = Rig.group(of: 3)
        rig.receive(.dead(Dead(incarnation: 1, node: "a", from: "b")))
        #expect(rig.exchanges.count == 1)
        rig.receive(.dead(Dead(incarnation: 1, node: "a", from: "c")))
        #expect(rig.exchanges.count == 1)
    }

    /// One interval more for each doubling above 32.
    @Test(arguments: [(1, 30), (32, 30), (33, 60), (64, 60), (65, 90), (1_000, 180)])
    func largeGroupsExchangeMoreRarely(members: Int, seconds: Int) {
        #expect(Timing.lan.pushPullInterval(members: members) == .seconds(seconds))
    }

    /// Another's dead may refute: they are suspects here. Those who left have left.
    @Test func anothersDeadAreSuspects() {
        var rig = Rig.group(of: 4)
        rig.send(
            .pushed(Self.state([(2, 1, .dead), (3, 1, .left), (4, 1, .suspect), (9, 1, .dead)]), id: 5, from: .host(2)))
        #expect(rig.status("b") == .suspect)
        #expect(rig.status("c") == .left)
        #expect(rig.status("d") == .suspect)
        #expect(rig.instance.members.count == 4)
    }

    /// So that one exchange heals a split in both directions.
    @Test func theAnswerHoldsWhatThisNodeRefutes() throws {
        var rig = Rig.group(of: 2)
        rig.receive(.dead(Dead(incarnation: 1, node: "b", from: "c")))
        rig.clear()
        rig.send(
            .pushed(Self.state([(1, 1, .dead), (2, 1, .alive)], isJoin: true, userState: [3]), id: 5, from: .host(2)))
        #expect(rig.reports == [.merged([3], isJoin: true)])
        #expect(rig.directives.contains(.answer(Self.state([(1, 2, .alive), (2, 1, .dead)], isJoin: true), id: 5)))
    }
}
