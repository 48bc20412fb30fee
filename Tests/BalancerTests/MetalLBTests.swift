import KubeWatch
import Testing

@testable import Balancer

/// A MetalLB in the same cluster.
@Suite struct MetalLBTests {
    private static let controller = ObjectKey(namespace: "metallb-system", name: "controller-65db86ddc6-x7k2p")

    private static func pod(_ phase: String = "Running", isBeingDeleted: Bool = false) -> Event {
        let pod = Pod(metadata: ObjectMeta(key: controller), phase: phase, isBeingDeleted: isBeingDeleted)
        return .change(.upserted(.pod(pod)))
    }

    private static let podIsGone = Event.change(.deleted(.pod, controller))

    /// All lists but that of the Pods are complete.
    private func rig(_ allocation: AllocationPolicy) -> Rig {
        var rig = Rig(Settings(nodeName: "pi1", instanceID: "a", allocation: allocation))
        rig.send(.pools(Rig.pool, from: .file))
        rig.put(.named("a"))
        for kind in Cluster.neededKinds.sorted() { rig.send(.change(.synced(kind))) }
        return rig
    }

    private func messages(_ rig: Rig, _ id: Record.MessageID) -> [String] {
        rig.directives.compactMap { directive in
            if case .record(let record) = directive, record.id == id { record.message } else { nil }
        }
    }

    // MARK: The controller

    @Test func aControllerThatRunsKeepsTheAllocating() {
        var rig = rig(.auto)
        rig.send(Self.pod())
        rig.send(.change(.synced(.pod)))
        rig.pass(.seconds(60))
        #expect(rig.address(of: "a") == nil)
        #expect(rig.lease("lbd-controller")?.holderIdentity == "pi1_a", "somebody has to tell of it")
        #expect(
            messages(rig, .allocationYielded) == [
                "MetalLB's controller runs (pod metallb-system/controller-65db86ddc6-x7k2p) and keeps giving addresses to "
                    + "Services: lbd gives none, and answers for those that are given. Stop it, or set `allocate: always` in "
                    + "lbd.yaml, to have lbd give them"
            ])
        let problem =
            "MetalLB's controller keeps giving the addresses (pod metallb-system/controller-65db86ddc6-x7k2p); "
        #expect(rig.status?.contains(problem) == true)
        #expect(
            rig.node.overview(at: rig.now).services.first?.problem
                == "MetalLB's controller (pod metallb-system/controller-65db86ddc6-x7k2p) gives the addresses, and has not "
                + "given it one")
    }

    /// What the controller has sent may come into effect after it: whoever follows is to wait for the Lease to expire.
    @Test func whoStopsWhileTheControllerAllocatesDoesNotReleaseTheLease() {
        var rig = rig(.auto)
        rig.send(Self.pod())
        rig.send(.change(.synced(.pod)))
        rig.pass(.seconds(10))
        rig.send(.stop)
        rig.pass(.seconds(5))
        #expect(rig.lease("lbd-controller")?.holderIdentity == "pi1_a")
        #expect(rig.directives.last == .exit)
    }

    /// What it has written is answered for, and nothing of it is changed.
    @Test func whatTheControllerGivesIsAnsweredFor() {
        var rig = rig(.auto)
        rig.send(Self.pod())
        rig.send(.change(.synced(.pod)))
        rig.send(.change(.upserted(.node(Node(metadata: rig.meta("", "pi1"))))))
        rig.putEndpoints("a", on: ["pi1"])
        rig.pass(.seconds(10))
        rig.change("a") { $0.ingress = [.ip("192.168.1.249")] }
        rig.put(.named("b", ingress: ["203.0.113.9"]))
        rig.change("a") { $0.loadBalancerIP = "192.168.1.242" }
        #expect(rig.claims.map(\.address.description) == ["192.168.1.249"])
        #expect(rig.unanswered.isEmpty && rig.address(of: "b") == "203.0.113.9")
    }

    /// It may have written just before it ended: as after a former leader, its writes come into effect first, and then the
    /// Services are listed.
    @Test func afterItsEndLbdAllocatesOnceItsLastWritesAreKnown() {
        var rig = rig(.auto)
        rig.send(Self.pod())
        rig.send(.change(.synced(.pod)))
        rig.pass(.seconds(20))
        rig.clear()
        rig.send(Self.podIsGone)
        rig.pass(.milliseconds(4_900))
        #expect(rig.writes { $0 == .relistServices }.isEmpty)
        // Written by it, and not told by the watch yet.
        var late = Service.named("late", ingress: ["192.168.1.240"])
        late.metadata = rig.meta("default", "late")
        rig.services[late.metadata.key] = late
        rig.pass(.milliseconds(200))
        #expect(rig.address(of: "a") == "192.168.1.241")
        #expect(
            messages(rig, .allocationResumed) == ["MetalLB's controller is gone: lbd gives Services their addresses"])
        #expect(rig.status?.contains("MetalLB") == false)
    }

    /// A Pod that is not Running, or that is being ended, gives nobody an address.
    @Test(arguments: [
        pod("Pending"), pod("Succeeded"), pod("Failed"), pod(isBeingDeleted: true),
    ])
    func aControllerThatDoesNotRunIsNone(pod: Event) {
        var rig = rig(.auto)
        rig.send(pod)
        rig.send(.change(.synced(.pod)))
        rig.pass(.seconds(1))
        #expect(rig.address(of: "a") == "192.168.1.240")
    }

    @Test func aLeaderStopsWhenAControllerComes() {
        var rig = Rig.leader(services: [.named("a")])
        #expect(rig.address(of: "a") == "192.168.1.240")
        rig.send(Self.pod("Pending"))
        rig.put(.named("b"))
        #expect(rig.address(of: "b") == "192.168.1.241")
        rig.send(Self.pod())
        rig.put(.named("c"))
        rig.pass(.seconds(30))
        #expect(rig.address(of: "c") == nil)
        rig.send(Self.pod(isBeingDeleted: true))
        rig.pass(.seconds(6))
        #expect(rig.address(of: "c") == "192.168.1.242")
        #expect(messages(rig, .allocationYielded).count == 1)
    }

    /// Its Deployment replaces the Pod: the new one runs before the old one ends, and nothing is told.
    @Test func anotherPodOfTheControllerIsNoNews() {
        var rig = Rig.leader()
        rig.send(Self.pod())
        let key = ObjectKey(namespace: "metallb-system", name: "controller-7cf77c64fb-2lq8m")
        rig.send(.change(.upserted(.pod(Pod(metadata: ObjectMeta(key: key), phase: "Running")))))
        rig.send(Self.podIsGone)
        rig.pass(.seconds(30))
        #expect(messages(rig, .allocationYielded).count == 1)
        #expect(messages(rig, .allocationResumed).isEmpty)
        #expect(rig.status?.contains("(pod metallb-system/controller-7cf77c64fb-2lq8m)") == true)
    }

    @Test func onlyTheLeaderTells() {
        var rig = rig(.auto)
        rig.putLease("lbd-controller") { lease in
            lease.holderIdentity = "pi2_b"
            lease.durationSeconds = 15
        }
        rig.send(Self.pod())
        rig.send(.change(.synced(.pod)))
        rig.pass(.seconds(10))
        #expect(messages(rig, .allocationYielded).isEmpty && rig.status?.contains("MetalLB") == false)
        rig.pass(.seconds(10))
        #expect(messages(rig, .allocationYielded).count == 1)
        // Another daemon takes the Lease: the controller is still there.
        rig.putLease("lbd-controller") { $0.holderIdentity = "pi3_c" }
        #expect(messages(rig, .allocationResumed).isEmpty && rig.status?.contains("MetalLB") == false)
    }

    @Test func nobodyLeadsBeforeThePodsAreKnown() {
        var rig = rig(.auto)
        rig.pass(.seconds(60))
        #expect(rig.lease("lbd-controller") == nil && rig.address(of: "a") == nil)
        #expect(rig.lease("lbd-node-pi1") != nil, "what is answered for does not wait")
        rig.send(.change(.synced(.pod)))
        rig.pass(.seconds(1))
        #expect(rig.address(of: "a") == "192.168.1.240")
    }

    @Test func aServerThatDoesNotShowPodsHasNoController() {
        var rig = rig(.auto)
        rig.send(.change(.forbidden(.pod, message: "pods is forbidden")))
        rig.pass(.seconds(1))
        #expect(rig.address(of: "a") == "192.168.1.240")
        rig.pass(.seconds(6))
        #expect(
            messages(rig, .readRefused) == [
                "cannot read Pods: pods is forbidden; give lbd its permissions by `lbd enroll`"
            ])
    }

    // MARK: The key `allocate`

    @Test func allocateAlwaysDoesNotCare() {
        var rig = rig(.always)
        rig.send(Self.pod())
        rig.pass(.seconds(1))
        #expect(rig.address(of: "a") == "192.168.1.240")
        #expect(messages(rig, .allocationYielded).isEmpty)
    }

    @Test func allocateNeverNeverTakesTheLease() {
        var rig = rig(.never)
        rig.send(.change(.synced(.pod)))
        rig.pass(.seconds(60))
        #expect(rig.lease("lbd-controller") == nil && rig.address(of: "a") == nil)
        #expect(rig.lease("lbd-node-pi1") != nil)
        rig.send(.stop)
        rig.pass(.seconds(1))
        #expect(rig.directives.last == .exit)
    }

    // MARK: The custom resources

    @Test func customResourcesAreToldOnceAndAsLongAsTheyAreThere() {
        var rig = Rig.leader()
        rig.send(.change(.metalLBResources(areServed: false)))
        #expect(!rig.records.contains(.resourcesNotRead))
        for _ in 0..<2 { rig.send(.change(.metalLBResources(areServed: true))) }
        #expect(
            messages(rig, .resourcesNotRead) == [
                "MetalLB's custom resources (IPAddressPool and the like) are not read: lbd takes its pools from the "
                    + "ConfigMap metallb-system/config, or from /etc/lbd/pools.yaml"
            ])
        let problem =
            "MetalLB's custom resources are not read: lbd uses the ConfigMap metallb-system/config; announcing"
        #expect(rig.status?.hasPrefix(problem) == true)
        rig.send(.change(.metalLBResources(areServed: false)))
        #expect(rig.status?.hasPrefix("announcing") == true)
    }
}
