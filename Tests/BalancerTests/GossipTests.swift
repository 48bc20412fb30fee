import KubeWatch
import SWIM
import Testing
import Wire

@testable import Balancer

@Suite struct GossipTests {
    private func changed(
        _ name: String, _ status: SWIM.Member.Status, at address: String = "192.168.1.12:7946"
    ) -> Balancer.Event {
        let address = SocketAddress(address) ?? SocketAddress(.v4(IPv4Address(rawValue: 0)), port: 0)
        return .gossip(.changed(SWIM.Member(name: name, address: address, status: status)))
    }

    private func lines(_ rig: Rig) -> [String] {
        rig.directives.compactMap {
            if case .record(let record) = $0, record.message.hasPrefix("gossip: ") { record.message } else { nil }
        }
    }

    // MARK: Members

    @Test func eachChangeOfAnotherMemberHasOneLine() {
        var rig = Rig.leader()
        rig.clear()
        rig.send(changed("pi1", .alive, at: "192.168.1.11:7946"))
        rig.send(changed("pi2", .alive))
        rig.send(changed("pi2", .alive))
        rig.send(changed("pi2", .suspect))
        rig.send(changed("pi2", .alive))
        rig.send(changed("pi2", .alive, at: "192.168.1.13:7946"))
        rig.send(changed("pi2", .suspect, at: "192.168.1.13:7946"))
        rig.send(changed("pi2", .dead, at: "192.168.1.13:7946"))
        rig.send(changed("pi3", .left))
        #expect(
            lines(rig) == [
                "gossip: member \"pi2\" is alive at 192.168.1.12:7946",
                "gossip: member \"pi2\" does not answer at 192.168.1.12:7946",
                "gossip: member \"pi2\" is alive at 192.168.1.12:7946",
                "gossip: member \"pi2\" is alive at 192.168.1.13:7946",
                "gossip: member \"pi2\" does not answer at 192.168.1.13:7946",
                "gossip: member \"pi2\" is dead: it did not answer at 192.168.1.13:7946",
                "gossip: member \"pi3\" has left",
            ])
        #expect(
            rig.records == [
                .memberAlive, .memberSuspected, .memberAlive, .memberAlive, .memberSuspected, .memberDead, .memberLeft,
            ])
    }

    @Test func theGroupIsShownWithItsTimes() {
        var rig = Rig.leader()
        let began = rig.now
        rig.send(changed("pi2", .alive))
        rig.send(changed("pi1", .alive, at: "192.168.1.11:7946"))
        rig.pass(.seconds(7))
        // What a member says of itself does not make it stand otherwise.
        rig.send(changed("pi2", .alive))
        rig.send(changed("pi3", .suspect, at: "[fd00::13]:7946"))
        rig.pass(.milliseconds(2_900))
        #expect(
            rig.node.overview(at: began.advanced(by: .milliseconds(9_900))).gossip == [
                Overview.GossipMember(name: "pi1", status: "alive", address: "192.168.1.11:7946", seconds: 9),
                Overview.GossipMember(name: "pi2", status: "alive", address: "192.168.1.12:7946", seconds: 9),
                Overview.GossipMember(name: "pi3", status: "suspect", address: "[fd00::13]:7946", seconds: 2),
            ])
        rig.send(.gossip(.forgotten("pi3")))
        #expect(rig.node.overview(at: rig.now).gossip.map(\.name) == ["pi1", "pi2"])
    }

    @Test func aMemberThatIsGivenMoreTimeIsTold() {
        var rig = Rig.leader()
        rig.send(changed("pi2", .alive))
        rig.clear()
        rig.send(.gossip(.stretched("pi2", by: 3)))
        #expect(rig.node.overview(at: rig.now).gossip.map(\.stretch) == [3])
        rig.send(.gossip(.stretched("pi2", by: 1)))
        #expect(rig.node.overview(at: rig.now).gossip.map(\.stretch) == [nil])
        rig.send(.gossip(.stretched("pi9", by: 3)))
        #expect(
            lines(rig) == [
                "gossip: member \"pi2\" answers slowly, or its link loses packets: it is given 3 times the usual time",
                "gossip: member \"pi2\" answers in the usual time again",
            ])
    }

    @Test func anotherMemberOfThisNodesNameIsToldOnceAnAddress() {
        var rig = Rig.leader()
        rig.clear()
        let address = SocketAddress(.v4(IPv4Address(rawValue: 0xC0A8_0163)), port: 7946)
        rig.send(.gossip(.nameTaken(by: address)))
        rig.send(.gossip(.nameTaken(by: address)))
        #expect(rig.records == [.nameTaken])
        rig.send(.gossip(.nameTaken(by: SocketAddress(address.address, port: 1))))
        #expect(rig.records == [.nameTaken, .nameTaken])
    }

    @Test func beingStarvedIsToldOnceAMinute() {
        var rig = Rig.leader()
        rig.clear()
        rig.send(.gossip(.late(by: .milliseconds(2_345))))
        rig.pass(.seconds(59))
        rig.send(.gossip(.late(by: .seconds(1))))
        #expect(lines(rig) == ["gossip: this daemon was stopped or starved for 2345 ms"])
        rig.pass(.seconds(1))
        rig.send(.gossip(.late(by: .seconds(1))))
        #expect(rig.records.count { $0 == .starved } == 2)
    }

    // MARK: The end

    @Test func aStoppedDaemonSaysFarewellBeforeItEnds() {
        var rig = Rig.leader()
        rig.send(changed("pi2", .alive))
        rig.clear()
        rig.send(.stop)
        rig.pass(.milliseconds(100))
        #expect(rig.directives.contains(.gossip(.leave)))
        #expect(rig.directives.last != .exit)
        rig.send(.gossip(.hasLeft))
        #expect(rig.directives.last == .exit)
        #expect(rig.now < Instant.zero.advanced(by: .seconds(2)))
    }

    @Test func aFarewellThatIsNotToldHoldsItUpForTwoAndAHalfSecondsAtMost() {
        var rig = Rig.leader()
        rig.send(changed("pi2", .alive))
        rig.clear()
        rig.send(.stop)
        rig.pass(.milliseconds(2_400))
        #expect(rig.directives.last != .exit)
        rig.pass(.milliseconds(100))
        #expect(rig.directives.last == .exit)
    }

    @Test func withoutTheServerTheFarewellIsToldToo() {
        var rig = Rig.leader()
        rig.send(changed("pi2", .alive))
        rig.send(.change(.interrupted(.lease, reason: "gone")))
        rig.clear()
        rig.send(.stop)
        rig.pass(.milliseconds(50))
        #expect(rig.directives.contains(.gossip(.leave)))
        #expect(rig.directives.last != .exit)
        rig.send(.gossip(.hasLeft))
        #expect(rig.directives.last == .exit)
    }

    @Test func whereNobodyListensThereIsNoFarewell() {
        var rig = Rig.leader()
        rig.send(changed("pi1", .alive))
        rig.send(changed("pi2", .dead))
        rig.clear()
        rig.send(.stop)
        rig.pass(.milliseconds(100))
        #expect(!rig.directives.contains(.gossip(.leave)))
        #expect(rig.directives.last == .exit)
    }

    @Test func aRestartIsNoFarewell() {
        var rig = Rig.leader()
        rig.send(changed("pi2", .alive))
        rig.clear()
        rig.send(.restart)
        #expect(!rig.directives.contains(.gossip(.leave)))
        #expect(rig.directives.last == .exit)
    }

    // MARK: The Secret

    private static let secret = ObjectKey(namespace: "metallb-system", name: "memberlist")

    private func keeper() -> Rig {
        var rig = Rig(Settings(nodeName: "pi1", instanceID: "a", gossipSecret: Self.secret))
        rig.send(.pools(Rig.pool, from: .file))
        rig.sync()
        rig.pass(.seconds(1))
        rig.clear()
        return rig
    }

    private func made(_ rig: Rig) -> [WriteID] {
        rig.directives.compactMap { if case .createSecret(let id, Self.secret) = $0 { id } else { nil } }
    }

    @Test func theLeaderMakesTheSecretThatIsMissing() {
        var rig = keeper()
        rig.pass(.seconds(60))
        #expect(made(rig).isEmpty, "it is not known to be missing")
        rig.send(.change(.synced(.secret)))
        #expect(made(rig).count == 1)
        rig.pass(.seconds(60))
        #expect(made(rig).count == 1, "one write at a time")
    }

    @Test func aSecretThatIsThereIsLeftAlone() {
        var rig = keeper()
        let metadata = rig.meta("metallb-system", "memberlist")
        rig.send(.change(.upserted(.secret(Secret(metadata: metadata, secretKey: nil)))))
        rig.send(.change(.synced(.secret)))
        rig.pass(.seconds(60))
        #expect(made(rig).isEmpty)
    }

    @Test func aFollowerMakesNone() {
        var rig = Rig(
            Settings(nodeName: "pi1", instanceID: "a", allocation: .never, gossipSecret: Self.secret))
        rig.sync()
        rig.send(.change(.synced(.secret)))
        rig.pass(.seconds(60))
        #expect(made(rig).isEmpty)
    }

    @Test func aSecretThatIsDeletedIsMadeAfterAWhile() {
        var rig = keeper()
        let metadata = rig.meta("metallb-system", "memberlist")
        rig.send(.change(.upserted(.secret(Secret(metadata: metadata, secretKey: [1])))))
        rig.send(.change(.synced(.secret)))
        rig.send(.change(.deleted(.secret, Self.secret)))
        rig.pass(.milliseconds(9_900))
        #expect(made(rig).isEmpty, "whoever deleted it may be about to put another in its place")
        rig.pass(.milliseconds(200))
        #expect(made(rig).count == 1)
    }

    @Test func aRefusedWriteIsToldAndTriedAgain() throws {
        var rig = keeper()
        rig.send(.change(.synced(.secret)))
        let message = "secrets is forbidden"
        rig.send(.wrote(try #require(made(rig).first), .forbidden(message: message)))
        rig.pass(.milliseconds(9_900))
        #expect(made(rig).count == 1)
        #expect(
            rig.node.problems == [
                "cannot make the Secret of the gossip: \(message); give lbd its permissions by `lbd enroll`"
            ])
        rig.pass(.milliseconds(200))
        #expect(made(rig).count == 2)
        rig.send(.wrote(try #require(made(rig).last), .done(nil)))
        #expect(rig.node.problems == [])
    }
}
