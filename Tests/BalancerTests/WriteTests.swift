import KubeWatch
import Testing
import Wire

@testable import Balancer

@Suite struct WriteTests {
    /// A leader whose status writes wait for the test.
    private func rig(_ names: [String], pools: Pools = Rig.pool) -> Rig {
        var rig = Rig.leader(pools: pools)
        rig.answersStatus = false
        for name in names { rig.put(.named(name)) }
        return rig
    }

    @Test func writesAreBasedOnTheVersionAtHandAndAtMostFortyEightAreUnderWay() {
        var rig = rig((0..<100).map { "s\($0)" }, pools: Rig.pools("10.0.0.0/24"))
        #expect(rig.unanswered.count == 48)
        #expect(Set(rig.unanswered.map(\.ingress)).count == 48)
        for _ in 0..<100 { rig.answerStatus() }
        #expect(rig.unanswered.isEmpty)
        #expect(Set(rig.services.values.flatMap(\.ingress)).count == 100)
    }

    @Test func aConflictIsDecidedAnewWithTheNewestVersion() {
        var rig = rig(["a"])
        rig.change("a") { $0.loadBalancerIP = "192.168.1.244" }
        #expect(rig.unanswered.map(\.ingress) == [["192.168.1.240"], ["192.168.1.244"]])
        rig.answerStatus()
        #expect(rig.address(of: "a") == nil)
        rig.answerStatus()
        #expect(rig.address(of: "a") == "192.168.1.244")
    }

    @Test func aConflictThatTheWatchDoesNotExplainIsListedAfterTenSeconds() {
        var rig = rig(["a"])
        let id = rig.unanswered[0].id
        rig.unanswered = []
        rig.send(.wrote(id, .conflict))
        rig.pass(.seconds(9))
        #expect(rig.unanswered.isEmpty, "never repeated blindly")
        rig.pass(.seconds(2))
        #expect(rig.unanswered.map(\.ingress) == [["192.168.1.240"]])
    }

    @Test func anUnansweredWriteKeepsItsAddressReservedUntilAListTells() {
        var rig = rig(["a"])
        let id = rig.unanswered[0].id
        rig.unanswered = []
        rig.send(.wrote(id, .unanswered(reason: "timed out")))
        rig.put(.named("b"))
        #expect(rig.unanswered.map(\.ingress) == [["192.168.1.241"]])
        rig.answerStatus()
        rig.pass(.seconds(4))
        #expect(rig.unanswered.isEmpty)
        rig.pass(.seconds(2))
        #expect(rig.unanswered.map(\.base.key.name) == ["a"])
        #expect(rig.unanswered.map(\.ingress) == [["192.168.1.240"]])
    }

    @Test func anUnansweredWriteThatHappenedIsToldWhenTheWatchShowsIt() {
        var rig = rig(["a"])
        rig.send(.wrote(rig.unanswered[0].id, .unanswered(reason: "closed")))
        rig.unanswered = []
        rig.clear()
        rig.change("a") { $0.ingress = [.ip("192.168.1.240")] }
        #expect(rig.messages == ["Assigned IP \"192.168.1.240\""])
        rig.pass(.seconds(30))
        #expect(rig.unanswered.isEmpty)
    }

    @Test func aBusyServerIsLeftAloneAsLongAsItAsksForAndTheAddressStaysReserved() {
        var rig = rig(["a"])
        let id = rig.unanswered[0].id
        rig.unanswered = []
        rig.send(.wrote(id, .busy(after: .seconds(3))))
        rig.put(.named("b"))
        rig.pass(.milliseconds(2_900))
        #expect(rig.unanswered.isEmpty)
        rig.pass(.milliseconds(200))
        #expect(rig.unanswered.map(\.base.key.name).sorted() == ["a", "b"])
        #expect(rig.unanswered.first { $0.base.key.name == "a" }?.ingress == ["192.168.1.240"])
    }

    @Test func aBurstThatABusyServerTurnsAwayIsOneFailure() {
        var rig = rig((0..<40).map { "s\($0)" }, pools: Rig.pools("10.0.0.0/24"))
        let ids = rig.unanswered.map(\.id)
        rig.unanswered = []
        for id in ids { rig.send(.wrote(id, .busy(after: nil))) }
        rig.pass(.milliseconds(800))
        #expect(rig.unanswered.isEmpty)
        rig.pass(.milliseconds(400))
        #expect(rig.unanswered.count == 40)
    }

    @Test func ofSeveralWaitsThatABusyServerNamesTheLongestCounts() {
        var rig = rig(["a", "b"])
        let ids = rig.unanswered.map(\.id)
        rig.unanswered = []
        rig.send(.wrote(ids[0], .busy(after: .seconds(5))))
        rig.send(.wrote(ids[1], .busy(after: .seconds(1))))
        rig.pass(.milliseconds(4_900))
        #expect(rig.unanswered.isEmpty)
        rig.pass(.milliseconds(200))
        #expect(rig.unanswered.count == 2)
    }

    /// The server's words name the Service, and so differ from one to the next.
    @Test func aForbiddenWriteIsToldOnceAndTriedEverMoreRarely() {
        var rig = rig(["a", "b"])
        rig.clear()
        var attempts = 0
        for _ in 0..<120 {
            while !rig.unanswered.isEmpty {
                attempts += 1
                let (id, base, _) = rig.unanswered.removeFirst()
                rig.send(.wrote(id, .forbidden(message: "services \"\(base.key.name)\" is forbidden")))
            }
            rig.pass(.seconds(10))
        }
        #expect((16...28).contains(attempts))
        #expect(rig.records.count { $0 == .writeRefused } == 1)
        let problem = "cannot write the status of Services: services \"a\" is forbidden; "
        #expect(rig.status?.contains(problem + "give lbd its permissions by `lbd enroll`") == true)
    }

    @Test func forbiddenEventsAreToldOnce() {
        var rig = Rig.leader()
        rig.answersEvents = false
        rig.clear()
        for name in ["a", "b", "c"] {
            rig.put(.named(name))
            for id in rig.writes({ if case .event = $0 { true } else { false } }) {
                rig.send(.wrote(id, .forbidden(message: "events is forbidden")))
            }
        }
        #expect(!rig.records.contains(.writeRefused), "it may pass")
        rig.pass(.seconds(6))
        #expect(rig.records.count { $0 == .writeRefused } == 1)
        #expect(rig.status?.hasPrefix("cannot write Events: events is forbidden; give lbd its permissions by") == true)
        #expect(rig.address(of: "c") == "192.168.1.242")
    }

    @Test func aForbiddenListIsToldInsteadOfAWait() {
        var rig = Rig()
        rig.send(.pools(Rig.pool, from: .file))
        for kind in [Kind.endpointSlice, .node, .lease, .configMap] { rig.send(.change(.synced(kind))) }
        for _ in 0..<2 { rig.send(.change(.forbidden(.service, message: "you cannot list"))) }
        #expect(rig.status?.hasPrefix("waiting for the API server; ") == true)
        rig.pass(.seconds(6))
        #expect(rig.records.filter { $0 == .readRefused || $0 == .serverUnreachable } == [.readRefused])
        let problem = "cannot read Services: you cannot list; give lbd its permissions by `lbd enroll`; announcing"
        #expect(rig.status?.hasPrefix(problem) == true)
        rig.send(.change(.synced(.service)))
        #expect(rig.status?.hasPrefix("no Node is named") == true)
    }

    /// The server is back although it does not show everything any more.
    @Test func aForbiddenWatchEndsAnOutage() {
        var rig = Rig.leader()
        for kind in Cluster.neededKinds.sorted() { rig.send(.change(.interrupted(kind, reason: "connection refused"))) }
        rig.pass(.seconds(3))
        #expect(rig.status?.hasPrefix("no API server: connection refused") == true)
        rig.clear()
        for kind in [Kind.service, .endpointSlice, .node, .lease] { rig.send(.change(.synced(kind))) }
        rig.send(.change(.forbidden(.configMap, message: "you cannot list")))
        rig.pass(.seconds(6))
        #expect(rig.records == [.serverReachable, .readRefused])
        #expect(rig.status?.hasPrefix("cannot read ConfigMaps: you cannot list; ") == true)
    }

    @Test func aRejectedServiceDoesNotHoldUpTheOthers() {
        var rig = rig(["a", "b"])
        rig.send(.wrote(rig.unanswered[0].id, .rejected(status: 422, message: "denied by a webhook")))
        rig.unanswered.removeFirst()
        rig.answerStatus()
        #expect(rig.address(of: "b") == "192.168.1.241")
        rig.put(.named("c"))
        rig.answerStatus()
        #expect(rig.address(of: "c") == "192.168.1.240")
    }

    @Test func kubernetesEventsGiveWayToAddresses() {
        let service = ObjectMeta(key: .named("a"))
        let event = EventRecord(kind: .service, object: service, level: .normal, reason: "IPAllocated", message: "")
        var outbox = Outbox()
        var turn = Turn(at: .zero, using: PRNG(seed: 1))
        outbox.send(.serviceStatus(service, ingress: []), for: .status(.named("a")), in: &turn)
        #expect(outbox.hasRoomForEvent, "they do not stand still either")
        outbox.send(.event(event), for: .event, in: &turn)
        #expect(!outbox.hasRoomForEvent)
        #expect(outbox.finish(WriteID(1)) != nil)
        #expect(outbox.hasRoomForEvent)
        for _ in 0..<15 { outbox.send(.event(event), for: .event, in: &turn) }
        #expect(!outbox.hasRoomForEvent)
    }

    @Test func kubernetesEventsAreHeldToTheirRate() {
        var queue = EventQueue()
        var outbox = Outbox()
        var sent = 0
        for second in 0..<4 {
            var turn = Turn(at: Instant.zero.advanced(by: .seconds(100 + second)), using: PRNG(seed: 1))
            for number in 0..<2_000 {
                let key = ObjectKey.named("s\(number)")
                queue.append(
                    EventRecord(
                        kind: .service, object: ObjectMeta(key: key), level: .normal, reason: "Test", message: ""))
            }
            var before = -1
            while sent != before {
                before = sent
                queue.flush(through: &outbox, in: &turn)
                for directive in turn.directives {
                    if case .write(let id, _) = directive, outbox.finish(id) != nil { sent += 1 }
                }
            }
            #expect(sent == 500 + 50 * second)
        }
    }
}
