import KubeWatch
import Testing
import Wire

@testable import Balancer

@Suite struct AllocationTests {
    @Test func servicesGetTheFirstFreeAddressesAscending() {
        var rig = Rig.leader()
        for name in ["a", "b", "c"] { rig.put(.named(name)) }
        #expect(["a", "b", "c"].map { rig.address(of: $0) } == ["192.168.1.240", "192.168.1.241", "192.168.1.242"])
        #expect(rig.messages.contains("Assigned IP \"192.168.1.242\""))
        rig.delete("b")
        rig.put(.named("d"))
        #expect(rig.address(of: "d") == "192.168.1.241")
        rig.put(.named("e"))
        #expect(rig.address(of: "e") == "192.168.1.243")
    }

    @Test func nothingIsAllocatedBeforeEveryListIsComplete() {
        var rig = Rig()
        rig.send(.pools(Rig.pool, from: .file))
        rig.put(.named("a"))
        for kind in [Kind.pod, .service, .endpointSlice, .node, .configMap] { rig.send(.change(.synced(kind))) }
        rig.pass(.seconds(60))
        #expect(rig.address(of: "a") == nil)
        rig.send(.change(.synced(.lease)))
        rig.pass(.seconds(1))
        #expect(rig.address(of: "a") == "192.168.1.240")
    }

    @Test func anAddressStaysWhenTheDaemonStartsAnew() {
        var rig = Rig.leader(services: [.named("a", ingress: ["192.168.1.245"]), .named("b")])
        #expect(rig.address(of: "a") == "192.168.1.245")
        #expect(rig.address(of: "b") == "192.168.1.240")
        #expect(rig.messages.filter { $0.hasPrefix("Assigned") } == ["Assigned IP \"192.168.1.240\""])
        rig.clear()
        rig.send(.pools(Rig.pools("192.168.1.240-192.168.1.250", autoAssign: false), from: .file))
        rig.pass(.seconds(30))
        #expect(rig.address(of: "a") == "192.168.1.245")
        #expect(rig.address(of: "b") == "192.168.1.240")
    }

    @Test func aPoolOfTwoServesTwoAndTheThirdWhenOneIsDeleted() {
        var rig = Rig.leader(pools: Rig.pools("192.168.1.240-192.168.1.241"))
        for name in ["a", "b", "c", "d"] { rig.put(.named(name)) }
        #expect(rig.address(of: "c") == nil)
        let warnings = rig.events.filter { $0.reason == "AllocationFailed" }
        #expect(
            warnings.map(\.message) == [
                "Failed to allocate IP for \"default/c\": no free IPv4 address in any pool with auto-assign",
                "Failed to allocate IP for \"default/d\": no free IPv4 address in any pool with auto-assign",
            ])
        rig.clear()
        rig.pass(.seconds(600))
        #expect(rig.events.isEmpty, "the same failure is told once")
        rig.delete("a")
        #expect(rig.address(of: "c") == "192.168.1.240")
        #expect(rig.address(of: "d") == nil)
        #expect(rig.messages == ["Assigned IP \"192.168.1.240\""])
        rig.delete("b")
        #expect(rig.address(of: "d") == "192.168.1.241")
    }

    @Test func poolsCountInTheirOrderAndBuggyAddressesAreLeftOut() throws {
        let ranges = ["10.0.1.254-10.0.2.1", "10.0.0.1-10.0.0.9", "10.0.9.0-10.0.9.9"].compactMap(
            AddressRange.init(text:))
        try #require(ranges.count == 3)
        let pools = Pools(pools: [
            Pool(name: "manual", ranges: [ranges[2]], isAutoAssigned: false),
            Pool(name: "first", ranges: [ranges[0], ranges[1]], avoidsBuggyIPs: true),
        ])
        var rig = Rig.leader(pools: pools)
        for name in ["a", "b", "c"] { rig.put(.named(name)) }
        #expect(["a", "b", "c"].map { rig.address(of: $0) } == ["10.0.1.254", "10.0.2.1", "10.0.0.1"])
        rig.put(.named("d", annotations: ["metallb.universe.tf/address-pool": "manual"]))
        #expect(rig.address(of: "d") == "10.0.9.0")
        rig.put(.named("e", annotations: ["metallb.io/address-pool": "none"]))
        #expect(rig.messages.last == "Failed to allocate IP for \"default/e\": there is no pool \"none\"")
    }

    @Test(arguments: [
        ("192.168.5.1", "192.168.5.1 is in no pool"),
        ("192.168.1.240", "192.168.1.240 is in use by \"default/a\""),
        ("nonsense", "\"nonsense\" is not an IP address"),
        ("fd00::1", "\"fd00::1\" holds no IPv4 address: see the Service's spec.ipFamilies"),
    ])
    func anAddressThatCannotBeHadIsRefused(wish: String, reason: String) {
        var rig = Rig.leader(services: [.named("a")])
        rig.put(.named("b", address: wish))
        #expect(rig.address(of: "b") == nil)
        #expect(rig.messages.last == "Failed to allocate IP for \"default/b\": \(reason)")
    }

    @Test func anAddressInUseIsGivenOnceItIsFree() {
        var rig = Rig.leader(services: [.named("a")])
        rig.put(.named("b", address: "192.168.1.240"))
        #expect(rig.address(of: "a") == "192.168.1.240" && rig.address(of: "b") == nil)
        rig.delete("a")
        #expect(rig.address(of: "b") == "192.168.1.240")
    }

    @Test func theAnnotationNamesAnAddressButNotTogetherWithTheField() {
        var rig = Rig.leader()
        rig.put(.named("a", annotations: ["metallb.io/loadBalancerIPs": "192.168.1.249, fd00::9"]))
        #expect(rig.address(of: "a") == "192.168.1.249")
        rig.put(.named("b", address: "192.168.1.248", annotations: ["metallb.io/loadBalancerIPs": "192.168.1.248"]))
        #expect(rig.address(of: "b") == nil)
        #expect(rig.messages.last?.contains("use one of them") == true)
    }

    @Test func aServiceMovesWhenItsOwnWishChangesAndKeepsWhatItHasUntilItCan() {
        var rig = Rig.leader(services: [.named("a"), .named("b")])
        rig.change("a") { $0.loadBalancerIP = "192.168.1.241" }
        #expect(rig.address(of: "a") == "192.168.1.240")
        #expect(
            rig.messages.last == "Failed to allocate IP for \"default/a\": 192.168.1.241 is in use by \"default/b\"")
        rig.change("a") { $0.loadBalancerIP = "192.168.1.244" }
        #expect(rig.address(of: "a") == "192.168.1.244")
        rig.change("a") { $0.loadBalancerIP = nil }
        #expect(rig.address(of: "a") == "192.168.1.244")
    }

    @Test func otherTypesAndClassesAreNotOursAndAnAddressLeftBehindIsCleared() {
        var rig = Rig.leader(services: [.named("a")])
        rig.change("a") { $0.isLoadBalancer = false }
        #expect(rig.services[.named("a")]?.ingress == [])
        var other = Service.named("b")
        other.loadBalancerClass = "example.com/other"
        rig.put(other)
        #expect(rig.address(of: "b") == nil)
        rig.put(.named("c"))
        #expect(rig.address(of: "c") == "192.168.1.240")
    }

    @Test func aServiceThatIsBeingDeletedKeepsItsAddressUntilItIsGone() {
        var rig = Rig.leader(services: [.named("a")])
        rig.change("a") { $0.isBeingDeleted = true }
        rig.put(.named("b"))
        #expect(rig.address(of: "a") == "192.168.1.240")
        #expect(rig.address(of: "b") == "192.168.1.241")
    }

    @Test func anIPv6ServiceGetsAnIPv6Address() {
        var rig = Rig.leader(pools: Rig.pools("192.168.1.240-192.168.1.250", "fd00::10-fd00::1f"))
        var service = Service.named("a")
        service.ipFamilies = ["IPv6"]
        rig.put(service)
        #expect(rig.address(of: "a") == "fd00::10")
        #expect(rig.claims.isEmpty)
    }

    // MARK: Sharing

    @Test func servicesShareByMetalLBsRules() {
        let key = ["metallb.universe.tf/allow-shared-ip": "web"]
        var rig = Rig.leader()
        rig.put(.named("a", port: 80, annotations: key))
        rig.put(.named("b", port: 443, annotations: key))
        rig.put(.named("c", port: 443, annotations: key))
        rig.put(.named("d", port: 53, annotations: ["metallb.io/allow-shared-ip": "other"]))
        #expect(
            ["a", "b", "c", "d"].map { rig.address(of: $0) } == [
                "192.168.1.240", "192.168.1.240", "192.168.1.241", "192.168.1.242",
            ])
        rig.delete("a")
        rig.put(.named("e"))
        #expect(rig.address(of: "e") == "192.168.1.243", "b still has the address")
    }

    @Test func localServicesShareOnlyWithTheSameSelector() {
        let key = ["metallb.io/allow-shared-ip": "web"]
        var rig = Rig.leader()
        for (name, port, selector) in [("a", 80, "x"), ("b", 443, "x"), ("c", 53, "y")] as [(String, UInt16, String)] {
            var service = Service.named(name, port: port, annotations: key)
            service.isTrafficLocal = true
            service.selector = ["app": selector]
            rig.put(service)
        }
        #expect(rig.address(of: "b") == rig.address(of: "a"))
        #expect(rig.address(of: "c") == "192.168.1.241")
    }

    @Test func theOneWhoEndsTheSharingMoves() {
        let key = ["metallb.io/allow-shared-ip": "web"]
        var rig = Rig.leader()
        rig.put(.named("a", port: 80, annotations: key))
        rig.put(.named("b", port: 443, annotations: key))
        rig.change("a") { $0.annotations = [:] }
        #expect(rig.address(of: "a") == "192.168.1.241")
        #expect(rig.address(of: "b") == "192.168.1.240")
    }

    // MARK: Duplicates and foreign statuses

    @Test func ofTwoWithOneAddressTheOlderRecordKeepsIt() {
        var rig = Rig.leader(services: [.named("old"), .named("young", address: "192.168.1.245")])
        rig.clear()
        rig.change("young") {
            $0.loadBalancerIP = nil
            $0.ingress = [.ip("192.168.1.240")]
        }
        #expect(rig.address(of: "old") == "192.168.1.240")
        #expect(rig.address(of: "young") == "192.168.1.241")
        #expect(rig.events.filter { $0.level == .warning }.map(\.reason) == ["DuplicateAddress"])
    }

    @Test func aDuplicateThatCannotMoveGoesWithout() {
        var rig = Rig.leader(
            pools: Rig.pools("192.168.1.240-192.168.1.240"),
            services: [.named("a", ingress: ["192.168.1.240"]), .named("b", ingress: ["192.168.1.240"])])
        rig.pass(.seconds(1))
        #expect(rig.address(of: "a") == "192.168.1.240")
        #expect(rig.address(of: "b") == nil)
    }

    @Test func aForeignStatusIsReplacedOnceAndThenLeftAlone() {
        var rig = Rig.leader()
        rig.put(.named("a", ingress: ["192.168.1.11", "192.168.1.12"]))
        #expect(rig.address(of: "a") == "192.168.1.240")
        rig.clear()
        rig.change("a") { $0.ingress = [.ip("192.168.1.11"), .ip("192.168.1.12")] }
        rig.pass(.seconds(60))
        #expect(rig.address(of: "a") == "192.168.1.11")
        #expect(rig.events.map(\.reason) == ["ForeignStatus"])
        #expect(
            rig.messages == [
                "another controller puts 192.168.1.11, 192.168.1.12 back into the status of \"default/a\": these are nodes' "
                    + "own addresses, as k3s ServiceLB writes them. Switch it off (`disable: [servicelb]` in "
                    + "/etc/rancher/k3s/config.yaml of each server, then restart k3s), or keep the two apart by a "
                    + "spec.loadBalancerClass that lbd.yaml names as kubernetes.loadBalancerClass. lbd leaves this Service "
                    + "alone until it asks for something else; once the other controller is gone, restart lbd on node \"pi1\""
            ])
        #expect(rig.status?.contains("another controller writes the status of 1 service: see the journal") == true)
        rig.put(.named("b"))
        #expect(rig.address(of: "b") == "192.168.1.240")
        rig.change("a") { $0.loadBalancerIP = "192.168.1.243" }
        #expect(rig.address(of: "a") == "192.168.1.243")
        #expect(rig.status?.contains("another controller") == false)
    }

    /// What the message says to do helps.
    @Test func aRestartedLeaderReplacesWhatAnotherControllerLeft() {
        let rig = Rig.leader(services: [.named("a", ingress: ["192.168.1.11", "192.168.1.12"])])
        #expect(rig.address(of: "a") == "192.168.1.240")
    }

    @Test func withoutPoolsAForeignStatusStays() {
        var rig = Rig.leader(pools: Pools())
        rig.put(.named("a", ingress: ["192.168.1.11"]))
        rig.pass(.seconds(60))
        #expect(rig.address(of: "a") == "192.168.1.11")
    }
}
