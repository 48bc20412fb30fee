import KubeWatch
import NetLink
import Testing
import Wire

@testable import Balancer

@Suite struct OverviewTests {
    /// A leader on pi1 with pi2 as its peer, and the Services "a", which it announces, and "b", which has no endpoint.
    private func two() -> Rig {
        var rig = Rig.leader()
        rig.put(.named("b"))
        rig.put(.named("a"))
        rig.putEndpoints("a", on: ["pi1", "pi3", nil])
        return rig
    }

    private func service(_ name: String, in rig: Rig) -> Overview.Service? {
        rig.node.overview(at: rig.now).services.first { $0.name == name }
    }

    @Test func everythingIsShownInOrder() {
        var rig = two()
        rig.pass(.seconds(90))
        rig.renew("pi2", addresses: "fd00::12/64,192.168.7.12/24")
        let overview = rig.node.overview(at: rig.now.advanced(by: .milliseconds(1_900)))
        #expect(overview.leader == "pi1")
        #expect(overview.problems == [])
        #expect(
            overview.services == [
                Overview.Service(
                    namespace: "default", name: "a",
                    addresses: [
                        Overview.Address(
                            address: "192.168.1.241", owner: "pi1", interfaces: ["eth0"], announcedSeconds: 91)
                    ], readyEndpoints: 3),
                Overview.Service(
                    namespace: "default", name: "b",
                    addresses: [Overview.Address(address: "192.168.1.240", interfaces: [])], readyEndpoints: 0,
                    problem: "it has no ready endpoint"),
            ])
        #expect(
            overview.pools == [
                Overview.Pool(
                    name: "home", protocol: "layer2", autoAssign: true, addresses: ["192.168.1.240-192.168.1.250"],
                    used: 2, free: 9)
            ])
        #expect(
            overview.members == [
                Overview.Member(name: "pi1", isAlive: true, addresses: ["192.168.1.11/24"]),
                Overview.Member(name: "pi2", isAlive: true, addresses: ["192.168.7.12/24", "fd00::12/64"]),
            ])
    }

    @Test func anotherNodesAddressHasAnOwnerButNoInterface() {
        var rig = two()
        rig.putEndpoints("b", on: ["pi1"])
        rig.renew("pi2")
        let addresses = service("b", in: rig)?.addresses
        #expect(addresses == [Overview.Address(address: "192.168.1.240", owner: "pi2", interfaces: [])])
    }

    @Test func timeIsCountedFromTheTakeOverNotFromAChangeOfInterface() {
        var rig = two()
        rig.pass(.seconds(5))
        rig.send(.links([Rig.link(), Rig.link(3, "eth1", "192.168.1.99/24")]))
        let both = service("a", in: rig)?.addresses.first
        #expect(both?.interfaces == ["eth0", "eth1"])
        #expect(both?.announcedSeconds == 5)
        rig.putEndpoints("a", on: [])
        #expect(service("a", in: rig)?.addresses.first?.announcedSeconds == nil)
        rig.putEndpoints("a", on: ["pi1"])
        #expect(service("a", in: rig)?.addresses.first?.announcedSeconds == 0)
    }

    /// Kubernetes' controller writes a second slice of the same endpoints where it has not seen its first yet.
    @Test func anEndpointThatStandsInTwoSlicesCountsOnce() {
        var rig = two()
        for name in ["a", "a-again"] {
            let endpoints = [1, 2].map { EndpointSlice.Endpoint(nodeName: "pi\($0)", address: "10.0.0.\($0)") }
            let slice = EndpointSlice(metadata: rig.meta("default", name), serviceName: "a", endpoints: endpoints)
            rig.send(.change(.upserted(.endpointSlice(slice))))
        }
        #expect(service("a", in: rig)?.readyEndpoints == 2)
    }

    @Test func endpointsOfBothFamiliesCountOnce() {
        var rig = two()
        rig.send(
            .change(
                .upserted(
                    .endpointSlice(
                        EndpointSlice(
                            metadata: rig.meta("default", "a-ipv6"), serviceName: "a", addressFamily: .ipv6,
                            endpoints: [.init(nodeName: "pi1"), .init(nodeName: "pi3", isServing: false)])))))
        #expect(service("a", in: rig)?.readyEndpoints == 3)
    }

    @Test(arguments: [
        (Service.named("x", address: "192.168.9.9"), "192.168.9.9 is in no pool"),
        (.named("x", address: "192.168.1.241"), "192.168.1.241 is in use by \"default/a\""),
        (.named("x", address: "none"), "\"none\" is not an IP address"),
        (
            .named("x", annotations: ["metallb.universe.tf/address-pool": "work"]),
            "there is no pool \"work\""
        ),
        (
            .named("x", ingress: ["192.168.9.9"]),
            "its status is not lbd's: another controller wrote it, or its pool is gone"
        ),
    ])
    func everyNodeSeesWhyAServiceHasNoAddress(wanted: Service, problem: String) {
        var rig = two()
        rig.answersStatus = false
        rig.put(wanted)
        #expect(service("x", in: rig)?.problem == problem)
        rig.putLease("lbd-controller") { $0.holderIdentity = "pi2_b" }
        #expect(rig.node.overview(at: rig.now).leader == "pi2")
        #expect(service("x", in: rig)?.problem == problem)
    }

    @Test func whoIsWaitedForIsNamed() {
        var rig = two()
        rig.putLease("lbd-controller") { $0.holderIdentity = "pi2_b" }
        rig.put(.named("x"))
        #expect(service("x", in: rig)?.problem == "the node \"pi2\", which leads, has not given it an address yet")
        rig.putLease("lbd-controller") { $0.holderIdentity = "" }
        #expect(service("x", in: rig)?.problem == "there is no leader yet to give it an address")
    }

    @Test func anAddressThatWasGivenAlthoughAnotherIsWantedIsExplained() {
        var rig = two()
        rig.change("b") { $0.loadBalancerIP = "192.168.1.241" }
        let b = service("b", in: rig)
        #expect(b?.addresses.map(\.address) == ["192.168.1.240"])
        #expect(b?.problem == "192.168.1.241 is in use by \"default/a\"")
    }

    @Test func whyNobodyAnswersIsTold() {
        var rig = two()
        rig.send(.links([Rig.link(2, "eth0", "10.0.0.1/8")]))
        #expect(service("a", in: rig)?.problem == "no live node is in the address's network")
        rig.change("a") { $0.isTrafficLocal = true }
        #expect(service("a", in: rig)?.problem == "no live node in the address's network has an endpoint of its own")
        rig.putEndpoints("a", on: [nil])
        #expect(service("a", in: rig)?.problem == "none of its endpoints tells on which node it is")
    }

    @Test func aMemberThatMayNotAnswerIsExplained() {
        var rig = two()
        for name in ["pi2", "pi3", "ghost"] { rig.renew(name) }
        var excluded = Node(metadata: rig.meta("", "pi2"))
        excluded.isExcluded = true
        rig.send(.change(.upserted(.node(excluded))))
        var offline = Node(metadata: rig.meta("", "pi3"))
        offline.isNetworkUnavailable = true
        rig.send(.change(.upserted(.node(offline))))
        let members = rig.node.overview(at: rig.now).members
        #expect(members.map(\.name) == ["ghost", "pi1", "pi2", "pi3"])
        #expect(
            members.map(\.problem) == [
                "there is no Node of this name", nil, "its label excludes it from external load balancers",
                "Kubernetes calls its network unavailable",
            ])
    }

    @Test func theDeadAreShownAsDead() {
        var rig = two()
        rig.renew("pi2")
        for _ in 0..<5 {
            rig.pass(.seconds(10))
            rig.renew("pi3")
        }
        #expect(rig.node.overview(at: rig.now).members.map(\.isAlive) == [true, false, true])
    }

    @Test func aFullPoolAndAHugeOneAreCounted() throws {
        let huge = try #require(AddressRange(text: "fd00::/48"))
        let tiny = try #require(AddressRange(text: "192.168.1.240-192.168.1.240"))
        var rig = Rig.leader(
            pools: Pools(pools: [Pool(name: "tiny", ranges: [tiny]), Pool(name: "huge", ranges: [huge])]))
        rig.put(.named("a"))
        rig.put(.named("b"))
        let overview = rig.node.overview(at: rig.now)
        #expect(overview.pools.map(\.used) == [1, 0])
        #expect(overview.pools.map(\.free) == [0, .max])
        #expect(overview.services.last?.problem == "no free IPv4 address in any pool with auto-assign")
    }

    /// Asking is free of consequences: the Balancer goes on as if nobody had.
    @Test func lookingChangesNothing() {
        var rig = two()
        rig.delete("b")
        _ = rig.node.overview(at: rig.now)
        rig.put(.named("c"))
        #expect(rig.address(of: "c") == "192.168.1.240")
    }
}

@Suite struct MissingThingsTests {
    @Test func aNodeWithoutALinkSaysSo() {
        var rig = Rig.leader()
        #expect(rig.status?.hasPrefix("announcing") == true)
        rig.send(.links([Rig.link(isUp: false)]))
        #expect(rig.status?.hasPrefix("no usable interface: plug in a cable, or see `interfaces` in lbd.yaml;") == true)
        rig.send(.links([Rig.link(2, "eth0", "fe80::1/64"), Rig.link(3, "wlan0", "")]))
        #expect(
            rig.status?.hasPrefix("no address on eth0, wlan0: see whether the router's DHCP server answers;") == true)
        rig.send(.links([Rig.link()]))
        #expect(rig.status?.hasPrefix("announcing") == true)
    }

    /// Before the kernel has told which interfaces there are, nothing is missing.
    @Test func nothingIsSaidOfLinksBeforeTheyAreKnown() {
        var node = Instance(Settings(nodeName: "pi1", instanceID: "a"))
        var rng = PRNG(seed: 1)
        let status = { (directives: [Directive]) in
            directives.compactMap { if case .status(let text) = $0 { text } else { nil } }.last
        }
        let first = status(node.handle(.started(saved: nil, inheritance: nil), at: .zero, using: &rng))
        #expect(first?.contains("no usable interface") == false)
        let second = status(node.handle(.links([]), at: .zero, using: &rng))
        #expect(second?.contains("no usable interface") == true)
    }
}
