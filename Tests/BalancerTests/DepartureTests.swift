import KubeWatch
import Testing
import Wire

@testable import Balancer

@Suite struct DepartureTests {
    private func announcing() -> Rig {
        var rig = Rig.leader()
        rig.put(.named("a"))
        rig.putEndpoints("a", on: ["pi1"])
        rig.clear()
        return rig
    }

    @Test func aStoppedDaemonGivesItsLeasesBackAnswersAMomentLongerAndEnds() {
        var rig = announcing()
        rig.send(.stop)
        #expect(rig.lease("lbd-node-pi1") == nil)
        #expect(rig.lease("lbd-controller")?.holderIdentity == "")
        #expect(rig.lease("lbd-controller")?.durationSeconds == 1)
        #expect(rig.releases.isEmpty)
        rig.pass(.milliseconds(40))
        #expect(rig.releases.isEmpty)
        rig.pass(.milliseconds(20))
        #expect(rig.releases.count == 1)
        #expect(rig.directives.last == .exit)
        #expect(rig.address(of: "a") == "192.168.1.240", "the status stays")
    }

    @Test func whatWasAskedBeforeIsAnsweredBeforeItFallsSilent() throws {
        var rig = announcing()
        rig.send(.stop)
        rig.pass(.milliseconds(60))
        let released = try #require(rig.directives.firstIndex { if case .release = $0 { true } else { false } })
        #expect(released > 0 && rig.directives[released - 1] == .answerWaiting)
    }

    @Test func whatWaitsIsNotAnsweredWhereAServiceGoes() {
        var rig = announcing()
        rig.delete("a")
        #expect(rig.releases.count == 1)
        #expect(!rig.directives.contains(.answerWaiting))
    }

    @Test func theLeaderWaitsForItsWritesBeforeItLetsTheNextOneBegin() {
        var rig = announcing()
        rig.answersStatus = false
        rig.put(.named("b"))
        rig.send(.stop)
        rig.put(.named("c"))
        #expect(rig.lease("lbd-controller")?.holderIdentity == "pi1_a")
        #expect(rig.unanswered.count == 1, "nothing new is written")
        rig.pass(.seconds(1))
        rig.answerStatus()
        #expect(rig.lease("lbd-controller")?.holderIdentity == "")
        #expect(rig.directives.last == .exit)
    }

    @Test func aWriteWhoseEndIsUnknownKeepsTheLeaseFromBeingReleased() {
        var rig = announcing()
        rig.answersStatus = false
        rig.put(.named("b"))
        rig.send(.stop)
        rig.pass(.milliseconds(2_600))
        #expect(rig.directives.last == .exit)
        #expect(rig.lease("lbd-controller")?.holderIdentity == "pi1_a")
    }

    @Test func withoutAnAnswerItEndsAfterTwoAndAHalfSeconds() {
        var rig = announcing()
        rig.answersLeases = false
        rig.send(.stop)
        rig.pass(.milliseconds(1_900))
        #expect(rig.releases.isEmpty)
        rig.pass(.milliseconds(700))
        #expect(rig.releases.count == 1)
        #expect(rig.directives.last == .exit)
    }

    @Test func withoutAServerItEndsAtOnce() {
        var rig = announcing()
        rig.send(.change(.interrupted(.lease, reason: "connection refused")))
        rig.clear()
        rig.send(.stop)
        rig.pass(.milliseconds(50))
        #expect(rig.releases.count == 1)
        #expect(rig.directives.last == .exit)
        rig.clear()
        rig.send(.timer)
        #expect(rig.directives.isEmpty)
    }

    @Test func theServerAwayIsToldAfterTwoSecondsAndNothingElseChanges() {
        var rig = announcing()
        rig.send(.change(.interrupted(.service, reason: "connection refused")))
        rig.pass(.milliseconds(1_500))
        rig.send(.change(.synced(.service)))
        rig.pass(.seconds(1))
        #expect(!rig.records.contains(.serverUnreachable))
        rig.send(.change(.interrupted(.service, reason: "connection refused")))
        rig.pass(.seconds(3))
        #expect(rig.records.contains(.serverUnreachable))
        #expect(rig.status?.hasPrefix("no API server: connection refused; announcing 1 of 1 service on eth0") == true)
        #expect(rig.releases.isEmpty)
        rig.send(.change(.synced(.service)))
        #expect(rig.records.contains(.serverReachable))
    }

    @Test func aDaemonThatNeverSawTheServerEndsAtOnce() {
        var rig = Rig()
        rig.send(.stop)
        rig.pass(.milliseconds(50))
        #expect(rig.directives.last == .exit)
    }
}
