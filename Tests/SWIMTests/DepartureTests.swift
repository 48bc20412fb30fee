import Testing
import Wire

@testable import SWIM

@Suite struct DepartureTests {
    /// The farewell goes as often as any broadcast; then it is told. In a group of five that is after the second round.
    @Test func theFarewellIsToldToEnough() {
        var rig = Rig.group(of: 5)
        rig.send(.leave)
        let farewell = Message.dead(Dead(incarnation: 1, node: "a", from: "a"))
        #expect(rig.messages == [farewell, farewell, farewell])
        #expect(rig.reports.isEmpty)
        rig.pass(.milliseconds(199))
        #expect(rig.reports.isEmpty)
        rig.pass(.milliseconds(1))
        #expect(rig.messages.count { $0 == farewell } == 4)
        #expect(rig.reports == [.hasLeft])
        rig.clear()
        rig.send(.leave)
        rig.pass(.seconds(100))
        #expect(rig.messages.isEmpty && rig.reports.isEmpty && rig.exchanges.isEmpty)
    }

    @Test func aloneItLeavesAtOnce() {
        var rig = Rig()
        rig.send(.leave)
        #expect(rig.reports == [.hasLeft])
    }

    /// Where gossip is slower than that.
    @Test func theFarewellTakesNoLongerThanASecond() {
        var timing = Timing.lan
        timing.gossipInterval = .seconds(2)
        var rig = Rig.group(of: 5, timing: timing)
        rig.send(.leave)
        rig.pass(.milliseconds(999))
        #expect(rig.reports.isEmpty)
        rig.pass(.milliseconds(1))
        #expect(rig.reports == [.hasLeft])
    }

    /// Others that have not heard yet are answered, and nothing they say brings this node back.
    @Test func lateMessagesChangeNothing() {
        var rig = Rig.group(of: 3)
        rig.send(.leave)
        rig.drain()
        rig.clear()
        rig.receive(
            [
                .suspect(Suspect(incarnation: 1, node: "a", from: "b")),
                .dead(Dead(incarnation: 3, node: "a", from: "b")),
                .alive(Alive(incarnation: 9, node: "a", address: .host(1))), .ping(Ping(sequence: 4, node: "a")),
            ], from: .host(2))
        rig.send(.metadata([1]))
        rig.send(.broadcast([1]))
        rig.send(.join([.host(9)]))
        #expect(rig.messages == [.ack(Ack(sequence: 4))])
        #expect(rig.status("a") == .left)
        #expect(rig.incarnation == 1)
        rig.clear()
        rig.send(.pushed(PushPull(isJoin: false, nodes: []), id: 2, from: .host(2)))
        let states = rig.directives.compactMap { if case .answer(let state, _) = $0 { state } else { nil } }
        #expect(states.first?.nodes.first?.status == .left)
    }
}
