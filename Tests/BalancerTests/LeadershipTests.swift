import KubeWatch
import Testing
import Wire

@testable import Balancer

@Suite struct LeadershipTests {
    private func isLeader(_ rig: Rig) -> Bool { rig.node.leadership.isLeader }

    private func writes(_ rig: Rig) -> [Write] {
        rig.directives.compactMap { if case .write(_, let write) = $0 { write } else { nil } }
    }

    /// A rig in which "pi2_b" holds the Lease, and all lists are complete.
    private func follower() -> Rig {
        var rig = Rig()
        rig.send(.pools(Rig.pool, from: .file))
        rig.putLease("lbd-controller") { lease in
            lease.holderIdentity = "pi2_b"
            lease.durationSeconds = 15
            lease.transitions = 4
        }
        rig.sync()
        return rig
    }

    @Test func withoutALeaseTheFirstDaemonLeadsAtOnce() {
        let rig = Rig.leader()
        #expect(isLeader(rig))
        #expect(rig.lease("lbd-controller")?.holderIdentity == "pi1_a")
        #expect(rig.lease("lbd-controller")?.durationSeconds == 15)
        #expect(rig.lease("lbd-controller")?.transitions == 0)
    }

    @Test func theLeaseIsRenewedAboutEveryTwoSeconds() {
        var rig = Rig.leader()
        rig.clear()
        rig.pass(.seconds(60))
        let renewals = writes(rig).count { write in
            if case .updateLease(let lease, acquiring: false) = write {
                return lease.metadata.key.name == "lbd-controller"
            }
            return false
        }
        #expect((24...38).contains(renewals))
        #expect(isLeader(rig))
    }

    @Test func aFollowerWaitsForTheExpiryTheRequestTimeoutAndAList() {
        var rig = follower()
        rig.put(.named("a"))
        rig.pass(.seconds(14))
        #expect(rig.lease("lbd-controller")?.holderIdentity == "pi2_b")
        rig.pass(.seconds(2))
        #expect(rig.lease("lbd-controller")?.holderIdentity == "pi1_a")
        #expect(rig.lease("lbd-controller")?.transitions == 5)
        #expect(rig.address(of: "a") == nil)
        rig.pass(.milliseconds(2_500))
        #expect(!writes(rig).contains(.relistServices))
        rig.pass(.seconds(4))
        #expect(writes(rig).contains(.relistServices))
        #expect(rig.address(of: "a") == "192.168.1.240")
    }

    @Test func aLeaseThatIsRenewedIsLeftAlone() {
        var rig = follower()
        for _ in 0..<20 {
            rig.pass(.seconds(10))
            rig.putLease("lbd-controller") { _ in }
        }
        #expect(rig.lease("lbd-controller")?.holderIdentity == "pi2_b")
        #expect(!isLeader(rig))
    }

    @Test func aReleasedLeaseIsTakenWithoutAWait() {
        var rig = follower()
        rig.put(.named("a"))
        rig.putLease("lbd-controller") { $0.holderIdentity = "" }
        rig.pass(.milliseconds(500))
        #expect(rig.lease("lbd-controller")?.transitions == 5)
        #expect(rig.address(of: "a") == "192.168.1.240")
    }

    @Test func aRestartedLeaderResumesAfterItsOwnFormerWrites() {
        var rig = Rig()
        rig.send(.pools(Rig.pool, from: .file))
        rig.putLease("lbd-controller") { lease in
            lease.holderIdentity = "pi1_a"
            lease.transitions = 4
        }
        rig.put(.named("a"))
        rig.sync()
        rig.pass(.seconds(4))
        #expect(rig.address(of: "a") == nil)
        #expect(rig.lease("lbd-controller")?.transitions == 4)
        rig.pass(.seconds(2))
        #expect(rig.address(of: "a") == "192.168.1.240")
    }

    /// A leader that was stopped beyond its deadline drops its connections before anything else, whatever wakes it.
    @Test func aLeaderThatWakesLateDropsItsConnectionsFirst() {
        var rig = Rig.leader()
        rig.clear()
        rig.now = rig.now.advanced(by: .seconds(30))
        rig.put(.named("a"))
        guard case .dropConnections = rig.directives.first else {
            Issue.record("first comes \(String(describing: rig.directives.first))")
            return
        }
        #expect(!isLeader(rig))
        #expect(rig.address(of: "a") == nil)
        #expect(rig.records.contains(.leadershipLost))
    }

    @Test func aLeaderThatCannotRenewStepsDownTenSecondsAfterItSentTheLastRenewal() {
        var rig = Rig.leader()
        rig.answersLeases = false
        rig.pass(.seconds(7))
        #expect(isLeader(rig))
        rig.pass(.seconds(3))
        #expect(!isLeader(rig))
    }

    @Test func aLeaderThatSeesAnotherHolderStepsDownAtOnce() {
        var rig = Rig.leader()
        rig.putLease("lbd-controller") { $0.holderIdentity = "pi3_c" }
        #expect(!isLeader(rig))
        rig.put(.named("a"))
        #expect(rig.unanswered.isEmpty)
    }

    /// Someone deletes the Lease: the leader steps down, and nobody leads before the writes of the old term have ended.
    @Test func aDeletedLeaseIsMadeAnewWithAWait() {
        var rig = Rig.leader()
        let key = ObjectKey(namespace: "lbd-system", name: "lbd-controller")
        rig.leases[key] = nil
        rig.send(.change(.deleted(.lease, key)))
        #expect(!isLeader(rig))
        rig.pass(.seconds(4))
        #expect(!isLeader(rig))
        rig.pass(.seconds(3))
        #expect(isLeader(rig))
    }
}
