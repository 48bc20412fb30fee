import KubeWatch
import NetLink
import Testing
import Wire

@testable import Balancer

@Suite struct AnnouncementTests {
    /// Nil, which equals no claim, for a text that is no address.
    private func claim(_ text: String, on index: UInt32 = 2) -> Claim? {
        IPAddress(text).map { Claim($0, on: index) }
    }

    /// A leader with the Service "a" at 192.168.1.240 and an endpoint on pi1.
    private func announcing() -> Rig {
        var rig = Rig.leader()
        rig.put(.named("a"))
        rig.putEndpoints("a", on: ["pi1"])
        return rig
    }

    @Test func anAddressIsAnsweredForOnceItHasAnEndpoint() throws {
        var rig = Rig.leader()
        rig.put(.named("a"))
        #expect(rig.claims.isEmpty)
        rig.putEndpoints("a", on: ["pi3"], areServing: false)
        #expect(rig.claims.isEmpty)
        rig.putEndpoints("a", on: ["pi3"])
        #expect(rig.claims == [claim("192.168.1.240")])
        #expect(rig.messages.last == "announcing from node \"pi1\"")
        rig.clear()
        rig.putEndpoints("a", on: [])
        #expect(rig.releases == [claim("192.168.1.240")])
    }

    @Test func anEndpointWithoutANodeServesTheClusterButNotALocalService() {
        var rig = Rig.leader()
        rig.put(.named("a"))
        rig.putEndpoints("a", on: [nil])
        #expect(rig.claims.count == 1)
        rig.clear()
        rig.change("a") { $0.isTrafficLocal = true }
        #expect(rig.releases.count == 1)
        rig.putEndpoints("a", on: ["pi2"])
        #expect(rig.claims.isEmpty)
        rig.putEndpoints("a", on: ["pi2", "pi1"])
        #expect(rig.claims.count == 1)
    }

    @Test func anotherNodeThatIsElectedTakesOver() throws {
        var rig = announcing()
        rig.clear()
        rig.renew("pi2")
        #expect(rig.releases == [claim("192.168.1.240")])
        rig.clear()
        rig.send(.change(.deleted(.lease, ObjectKey(namespace: "lbd-system", name: "lbd-node-pi2"))))
        #expect(rig.claims == [claim("192.168.1.240")])
        #expect(rig.messages == ["announcing from node \"pi1\""])
    }

    @Test func aLinkThatGoesDownSilencesAtOnceAndIsPublished() throws {
        var rig = announcing()
        rig.clear()
        rig.send(.links([Rig.link(isUp: false)]))
        #expect(rig.releases == [claim("192.168.1.240")])
        #expect(rig.lease("lbd-node-pi1")?.addresses == "edition:0.4")
        rig.clear()
        rig.send(.links([Rig.link()]))
        #expect(rig.claims == [claim("192.168.1.240")])
    }

    @Test func anAddressIsAnsweredOnTheInterfaceInItsSubnetElseOnNamedOnes() throws {
        var rig = announcing()
        var named = Rig.link(4, "vlan7", "10.0.0.1/24")
        named.isNamed = true
        rig.clear()
        rig.send(.links([Rig.link(), Rig.link(3, "eth1", "192.168.1.12/24"), named]))
        #expect(rig.claims == [claim("192.168.1.240", on: 3)])
        rig.clear()
        rig.send(.links([named]))
        #expect(rig.claims == [claim("192.168.1.240", on: 4)])
        #expect(rig.lease("lbd-node-pi1")?.addresses == "10.0.0.1/24,named,edition:0.5")
    }

    /// What keeps an interface from answering.
    enum Obstacle: CaseIterable {
        case excluded, loopback, noARP, noBroadcast, port, noMACAddress, down

        func stand(in link: inout Link) {
            switch self {
            case .excluded: link.isExcluded = true
            case .loopback: link.interface.isLoopback = true
            case .noARP: link.interface.isNoARP = true
            case .noBroadcast: link.interface.canBroadcast = false
            case .port: link.interface.masterIndex = 9
            case .noMACAddress: link.interface.macAddress = nil
            case .down: link.interface.isUp = false
            }
        }
    }

    @Test(arguments: Obstacle.allCases)
    func interfacesThatCannotAnswerAreLeftAlone(obstacle: Obstacle) throws {
        let address = try #require(IPAddress("192.168.1.240"))
        var link = Rig.link()
        #expect(Reach([link]).interfaces(for: address) == [2])
        obstacle.stand(in: &link)
        #expect(Reach([link]).interfaces(for: address) == [])
    }

    @Test func aBGPPoolIsAllocatedFromButNotAnswered() throws {
        let range = try #require(AddressRange(text: "192.168.1.240-192.168.1.250"))
        var rig = Rig.leader(pools: Pools(pools: [Pool(name: "far", announcementProtocol: .bgp, ranges: [range])]))
        rig.put(.named("a"))
        rig.putEndpoints("a", on: ["pi1"])
        #expect(rig.address(of: "a") == "192.168.1.240")
        #expect(rig.claims.isEmpty)
    }

    @Test func aRestartAnnouncesAgainWithoutAnEvent() throws {
        var rig = announcing()
        rig.clear()
        rig.send(.restart)
        #expect(rig.releases.isEmpty)
        let address = IPAddress.v4(IPv4Address(rawValue: 0xC0A8_01F0))
        let saved = Saved(announced: ["uid-a": ["192.168.1.240"]], remembered: [address: [.named("a")]])
        #expect(rig.directives.contains(.save(saved)))

        var next = Rig(saved: saved)
        next.send(.pools(Rig.pool, from: .file))
        next.renew("pi1", addresses: "192.168.1.11/24")
        next.put(.named("a", ingress: ["192.168.1.240"]))
        next.putEndpoints("a", on: ["pi1"])
        next.sync()
        next.pass(.seconds(30))
        #expect(next.claims == [claim("192.168.1.240")])
        #expect(next.events.isEmpty)
    }

    @Test func aNodeThatNobodyKnowsSaysSoAndIsNoCandidate() {
        var rig = Rig()
        rig.send(.pools(Rig.pool, from: .file))
        rig.put(.named("a"))
        rig.putEndpoints("a", on: ["pi2"])
        rig.sync(nodes: ["pi2", "pi3"])
        rig.pass(.seconds(5))
        #expect(rig.records.count { $0 == .nodeUnknown } == 1)
        #expect(rig.claims.isEmpty)
        #expect(rig.status?.contains("no Node is named \"pi1\"") == true)
    }

    @Test func theStatusLineReadsAsPromised() {
        var rig = announcing()
        rig.put(.named("b"))
        rig.putEndpoints("b", on: ["pi1"])
        rig.put(.named("c"))
        rig.renew("pi3", addresses: "10.0.0.9/24")
        rig.renew("pi2", addresses: "10.0.0.9/24")
        #expect(rig.status == "announcing 2 of 3 services on eth0; pool home 3/11 used; 3 nodes alive")
    }

    @Test func theStatusLineTellsOfARadio() {
        var rig = announcing()
        var link = Rig.link()
        link.isWireless = true
        rig.send(.links([link]))
        #expect(rig.status == "announcing 1 of 1 service on eth0 (WiFi); pool home 1/11 used; 1 node alive")
    }

    @Test func theStatusLineNamesThreePoolsAndLeavesOutBuggyAddresses() throws {
        let range = try #require(AddressRange(text: "10.0.0.0/23"))
        #expect(Pool(name: "a", ranges: [range], avoidsBuggyIPs: true).capacity == 508)
        #expect(Pool(name: "a", ranges: [range]).capacity == 512)
        var line = StatusLine()
        line.pools = ["a", "b", "c", "d"].map { StatusLine.PoolUse(name: $0, used: 0, total: 8) }
        #expect(
            line.text
                == "announcing 0 of 0 services; pool a 0/8 used, pool b 0/8 used, pool c 0/8 used and 1 more pool; 0 nodes alive"
        )
    }
}
