import KubeWatch
import Testing
import Wire

@testable import Balancer

@Suite struct MembershipTests {
    private func alive(_ rig: Rig) -> [String] { rig.node.membership.alive.keys.sorted() }

    @Test func ownLeaseIsShownOnceAllListsAreCompleteAndRenewedEveryTenSeconds() {
        var rig = Rig()
        rig.pass(.seconds(30))
        #expect(rig.lease("lbd-node-pi1") == nil)
        rig.sync()
        #expect(rig.lease("lbd-node-pi1")?.addresses == "192.168.1.11/24,edition:0.2")
        #expect(rig.lease("lbd-node-pi1")?.durationSeconds == 40)
        #expect(rig.lease("lbd-node-pi1")?.holderIdentity == "pi1")
        rig.clear()
        rig.pass(.seconds(100))
        let renewals = rig.directives.count { directive in
            if case .write(_, .updateLease(let lease, _)) = directive {
                return lease.metadata.key.name == "lbd-node-pi1"
            }
            return false
        }
        #expect((9...11).contains(renewals))
    }

    @Test func aPeerThatIsSilentWhileOthersSpeakIsDeadAfterItsDuration() {
        var rig = Rig.leader()
        rig.renew("pi2")
        #expect(alive(rig) == ["pi1", "pi2"])
        rig.pass(.seconds(38))
        #expect(alive(rig) == ["pi1", "pi2"])
        rig.pass(.seconds(15))
        #expect(alive(rig) == ["pi1"])
        #expect(rig.records.count { $0 == .peerDead } == 1)
        rig.renew("pi2")
        #expect(alive(rig) == ["pi1", "pi2"])
    }

    @Test func nobodyDiesWhileTheServerIsAwayAndAllGetAFullDurationAfterwards() {
        var rig = Rig.leader()
        rig.renew("pi2")
        rig.answersLeases = false
        rig.send(.change(.interrupted(.lease, reason: "connection refused")))
        rig.pass(.seconds(600))
        #expect(alive(rig) == ["pi1", "pi2"])
        rig.answersLeases = true
        for lease in rig.leases.values.sorted(by: { $0.metadata.key < $1.metadata.key }) {
            rig.send(.change(.upserted(.lease(lease))))
        }
        #expect(alive(rig) == ["pi1", "pi2"])
        rig.send(.change(.synced(.lease)))
        rig.putLease("lbd-controller") { $0.holderIdentity = "pi3_c" }
        #expect(alive(rig) == ["pi1", "pi2"])
        for _ in 0..<5 {
            rig.pass(.seconds(9))
            rig.putLease("lbd-controller") { $0.holderIdentity = "pi3_c" }
        }
        #expect(!alive(rig).contains("pi2"))
    }

    /// A process that was stopped for a minute finds a minute of news waiting; the first of it is no proof that those
    /// whose news comes second are dead.
    @Test func aProcessThatWasStoppedDeclaresNobodyDead() {
        var rig = Rig.leader()
        rig.renew("pi2")
        rig.renew("pi3")
        rig.clear()
        rig.now = rig.now.advanced(by: .seconds(60))
        rig.renew("pi2")
        rig.renew("pi3")
        #expect(!rig.records.contains(.peerDead))
    }

    @Test func aDeletedLeaseIsDeadAtOnceAndOnesOwnIsMadeAnew() {
        var rig = Rig.leader()
        rig.renew("pi2")
        rig.send(.change(.deleted(.lease, ObjectKey(namespace: "lbd-system", name: "lbd-node-pi2"))))
        #expect(alive(rig) == ["pi1"])
        let own = ObjectKey(namespace: "lbd-system", name: "lbd-node-pi1")
        rig.leases[own] = nil
        rig.send(.change(.deleted(.lease, own)))
        #expect(alive(rig) == ["pi1"])
        #expect(rig.lease("lbd-node-pi1") != nil)
    }

    @Test func aMissingNamespaceIsToldOnce() {
        var rig = Rig()
        rig.answersLeases = false
        rig.sync()
        rig.pass(.seconds(60))
        for id in 1...2 as ClosedRange<UInt64> { rig.send(.wrote(WriteID(id), .notFound)) }
        rig.pass(.seconds(30))
        #expect(rig.status?.contains("its namespace does not exist; make it by `lbd enroll`") == true)
        #expect(rig.records.count { $0 == .writeRefused } == 2)
    }
}
