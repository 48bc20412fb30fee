import KubeWatch
import NetLink
import Testing
import Wire

@testable import Balancer

/// Addresses that are in a pool and never given, and pools that nobody can answer for.
@Suite struct ObstacleTests {
    private func prefixes(_ texts: String...) -> Presence {
        Presence(prefixes: texts.compactMap { Prefix($0) }, hasNamedInterface: false)
    }

    private func warnings(in rig: Rig, _ id: Record.MessageID) -> [String] {
        rig.directives.compactMap { directive in
            guard case .record(let record) = directive, record.id == id else { return nil }
            return record.message
        }
    }

    // MARK: What they are

    @Test func theEndsOfASubnetAndWhoIsInIt() throws {
        var node = Node(metadata: ObjectMeta(key: ObjectKey(namespace: "", name: "pi9")))
        node.internalAddresses = [try #require(IPAddress("192.168.1.19"))]
        let obstacles = Obstacles(
            presences: [
                "pi1": prefixes("192.168.1.11/24", "fd00::11/64"), "pi2": prefixes("10.0.0.1/31", "fd01::1/128"),
            ],
            nodes: ["pi9": node], gateways: [try #require(IPAddress("192.168.1.1"))])
        let expected = [
            "10.0.0.1": "the node \"pi2\"'s own address",
            "192.168.1.0": "the address of the network 192.168.1.0/24 itself",
            "192.168.1.1": "the default gateway's address", "192.168.1.11": "the node \"pi1\"'s own address",
            "192.168.1.19": "the node \"pi9\"'s own address",
            "192.168.1.255": "the broadcast address of 192.168.1.0/24",
            "fd00::": "the address of the network fd00::/64 itself", "fd00::11": "the node \"pi1\"'s own address",
            "fd01::1": "the node \"pi2\"'s own address",
        ]
        let found = obstacles.byAddress.map { ($0.key.description, $0.value.description) }
        #expect(Dictionary(uniqueKeysWithValues: found) == expected)
    }

    // MARK: Allocation

    /// The pool of MetalLB's own example.
    @Test func aPoolToTheEndOfASubnetWorksWithoutTheLastAddress() {
        var rig = Rig.leader(pools: Rig.pools("192.168.1.254/31"))
        rig.put(.named("a"))
        rig.put(.named("b"))
        #expect(rig.address(of: "a") == "192.168.1.254")
        #expect(rig.address(of: "b") == nil)
        rig.put(.named("c", address: "192.168.1.255"))
        #expect(
            rig.messages.last
                == "Failed to allocate IP for \"default/c\": 192.168.1.255 is the broadcast address of 192.168.1.0/24")
        #expect(
            warnings(in: rig, .addressBarred) == [
                "the pool \"home\" holds 192.168.1.255, which is the broadcast address of 192.168.1.0/24: no Service gets it"
            ])
    }

    @Test func aNodesAddressIsNotGivenUntilTheNodeIsGone() {
        var rig = Rig.leader(pools: Rig.pools("192.168.1.12/32"))
        rig.renew("pi2", addresses: "192.168.1.12/24")
        rig.pass(.seconds(1))
        rig.put(.named("a"))
        #expect(rig.address(of: "a") == nil)
        #expect(
            warnings(in: rig, .addressBarred) == [
                "the pool \"home\" holds 192.168.1.12, which is the node \"pi2\"'s own address: no Service gets it"
            ])
        rig.renew("pi2", addresses: "192.168.1.13/24")
        rig.pass(.seconds(1))
        #expect(rig.address(of: "a") == "192.168.1.12")
    }

    @Test func theGatewayIsNotGiven() {
        var rig = Rig.leader(pools: Rig.pools("192.168.1.1-192.168.1.2"))
        rig.gateways = [Gateway(IPv4Address(rawValue: 0xC0A8_0101), on: 2)]
        rig.pass(.seconds(61))
        rig.put(.named("a"))
        #expect(rig.address(of: "a") == "192.168.1.2")
        #expect(warnings(in: rig, .addressBarred).count == 1)
        let questions = rig.directives.filter { if case .ask = $0 { true } else { false } }
        #expect(questions.isEmpty, "nobody is doubted")
    }

    @Test func whoHasSuchAnAddressKeepsIt() {
        let rig = Rig.leader(
            pools: Rig.pools("192.168.1.250-192.168.1.255"), services: [.named("a", ingress: ["192.168.1.255"])])
        #expect(rig.address(of: "a") == "192.168.1.255")
    }

    // MARK: Strictly

    @Test func strictlySuchPoolsAreRefusedUntilTheNetworkIsAnother() {
        var rig = Rig.leader(Settings(nodeName: "pi1", instanceID: "a", isStrict: true))
        rig.renew("pi2", addresses: "192.168.1.12/24")
        rig.clear()
        rig.send(.pools(Rig.pools("192.168.1.12/32"), from: .file))
        let problem =
            "the pools stay as they were: the pool \"home\" holds 192.168.1.12, which is the node \"pi2\"'s own address"
        #expect(warnings(in: rig, .poolsRefused).first?.hasPrefix(problem) == true)
        #expect(!rig.records.contains(.poolsInForce))
        rig.renew("pi2", addresses: "192.168.1.13/24")
        rig.pass(.seconds(1))
        #expect(rig.records.contains(.poolsInForce))
        rig.send(.pools(Rig.pools("172.16.0.0/24"), from: .file))
        #expect(warnings(in: rig, .poolsRefused).count == 2)
    }

    // MARK: Pools out of reach

    @Test func aPoolInNobodysNetworkIsToldOfOnce() {
        var rig = Rig.leader(pools: Rig.pools("172.16.0.0/24", "192.168.1.240/30", "fd00::/120"))
        rig.pass(.seconds(600))
        #expect(
            warnings(in: rig, .poolOutOfReach)
                == ["172.16.0.0-172.16.0.255", "fd00::-fd00::ff"].map {
                    "no node has an address in the network of \($0), of the pool \"home\": nobody can answer for its addresses; "
                        + "see `interfaces.include` in lbd.yaml"
                })
    }

    @Test func aPoolThatRoutersAreToldOfMayBeAnywhere() {
        var pools = Rig.pools("172.16.0.0/24")
        pools.pools[0].announcementProtocol = .bgp
        #expect(warnings(in: Rig.leader(pools: pools), .poolOutOfReach).isEmpty)
    }
}
