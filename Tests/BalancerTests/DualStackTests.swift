import KubeWatch
import Testing
import Wire

@testable import Balancer

/// Services with an address of each family, and with one of IPv6 alone.
@Suite struct DualStackTests {
    private static let both = ["IPv4", "IPv6"]

    private static func service(
        _ name: String, _ families: [String], _ policy: Service.FamilyPolicy? = nil, address: String? = nil,
        ingress: [String] = [], annotations: [String: String] = [:]
    ) -> Service {
        var service = Service.named(name, address: address, ingress: ingress, annotations: annotations)
        service.ipFamilies = families
        service.ipFamilyPolicy = policy
        return service
    }

    private static func pool(_ name: String, _ ranges: String..., autoAssign: Bool = true) -> Pool {
        Pool(name: name, ranges: ranges.compactMap(AddressRange.init(text:)), isAutoAssigned: autoAssign)
    }

    private static let dual = Pools(pools: [pool("home", "192.168.1.240-192.168.1.249", "fd00::10-fd00::19")])

    private func addresses(of name: String, in rig: Rig) -> [String] {
        (rig.services[.named(name)]?.ingress ?? []).compactMap { if case .ip(let text) = $0 { text } else { nil } }
    }

    // MARK: Families

    @Test(
        arguments: [
            (["IPv4"], nil, ["192.168.1.240"]), (["IPv6"], nil, ["fd00::10"]),
            (["IPv4", "IPv6"], .requireDual, ["192.168.1.240", "fd00::10"]),
            (["IPv6", "IPv4"], .requireDual, ["fd00::10", "192.168.1.240"]),
            (["IPv6", "IPv4"], .preferDual, ["fd00::10", "192.168.1.240"]), (["IPv4"], .preferDual, ["192.168.1.240"]),
            // Of servers before 1.20, and of newer ones than this.
            ([], nil, ["192.168.1.240"]), (["IPv4", "IPv4"], nil, ["192.168.1.240"]),
            (["IPv9"], nil, ["192.168.1.240"]),
        ] as [([String], Service.FamilyPolicy?, [String])])
    func aServiceGetsAnAddressOfEachFamilyInItsOrder(
        families: [String], policy: Service.FamilyPolicy?, expected: [String]
    ) {
        var rig = Rig.leader(pools: Self.dual)
        rig.put(Self.service("a", families, policy))
        #expect(addresses(of: "a", in: rig) == expected)
        let words = expected.map { "\"\($0)\"" }.joined(separator: ", ")
        #expect(rig.messages.filter { $0.hasPrefix("Assigned") } == ["Assigned IP \(words)"])
    }

    @Test func bothAreOfOnePool() {
        let pools = Pools(pools: [
            Self.pool("four", "192.168.1.240/30"), Self.pool("six", "fd00::10-fd00::19"),
            Self.pool("both", "10.0.0.1-10.0.0.2", "fd00:1::1-fd00:1::9"),
        ])
        var rig = Rig.leader(pools: pools)
        rig.put(Self.service("a", Self.both, .requireDual))
        #expect(addresses(of: "a", in: rig) == ["10.0.0.1", "fd00:1::1"])
        rig.put(Self.service("b", Self.both, .requireDual, annotations: ["metallb.io/address-pool": "four"]))
        #expect(addresses(of: "b", in: rig) == [])
        #expect(
            rig.messages.last == "Failed to allocate IP for \"default/b\": no free IPv6 address in the pool \"four\"")
    }

    @Test func whatIsWantedTogetherIsNotGivenInPart() {
        var rig = Rig.leader(
            pools: Pools(pools: [Self.pool("home", "192.168.1.240-192.168.1.249", "fd00::10-fd00::10")]))
        rig.put(Self.service("a", Self.both, .requireDual))
        rig.put(Self.service("b", Self.both, .requireDual))
        #expect(addresses(of: "b", in: rig) == [])
        #expect(
            rig.messages.last
                == "Failed to allocate IP for \"default/b\": no free IPv4 and IPv6 address in any pool with auto-assign"
        )
        rig.delete("a")
        #expect(addresses(of: "b", in: rig) == ["192.168.1.240", "fd00::10"])
    }

    // MARK: One will do

    @Test func theSecondIsGainedWhenItCanBe() {
        var rig = Rig.leader(
            pools: Pools(pools: [Self.pool("home", "192.168.1.240-192.168.1.249", "fd00::10-fd00::10")]))
        rig.put(Self.service("a", ["IPv6"]))
        rig.put(Self.service("b", Self.both, .preferDual))
        rig.put(Self.service("c", Self.both, .preferDual))
        #expect(addresses(of: "b", in: rig) == ["192.168.1.240"])
        #expect(!rig.events.contains { $0.reason == "AllocationFailed" }, "nothing is missing that must be there")
        rig.clear()
        rig.delete("a")
        #expect(addresses(of: "b", in: rig) == ["192.168.1.240", "fd00::10"])
        #expect(addresses(of: "c", in: rig) == ["192.168.1.241"])
        #expect(rig.messages.filter { $0.hasPrefix("Assigned") } == ["Assigned IP \"192.168.1.240\", \"fd00::10\""])
    }

    @Test func thePoolThatHasBothComesFirst() {
        let four = Self.pool("four", "192.168.1.240-192.168.1.241")
        var rig = Rig.leader(pools: Pools(pools: [four]))
        rig.put(Self.service("a", Self.both, .preferDual))
        #expect(addresses(of: "a", in: rig) == ["192.168.1.240"])
        // What it has stays, and decides the pool.
        rig.send(.pools(Pools(pools: [four, Self.pool("both", "10.0.0.1/32", "fd00::10/127")]), from: .file))
        #expect(addresses(of: "a", in: rig) == ["192.168.1.240"])
        rig.put(Self.service("b", Self.both, .preferDual))
        #expect(addresses(of: "b", in: rig) == ["10.0.0.1", "fd00::10"])
    }

    @Test func theOtherFamilyWillDoWhereThePrimaryOneIsUsedUp() {
        var rig = Rig.leader(pools: Pools(pools: [Self.pool("home", "fd00::10-fd00::19")]))
        rig.put(Self.service("a", Self.both, .preferDual))
        #expect(addresses(of: "a", in: rig) == ["fd00::10"])
    }

    // MARK: Changes of mind

    @Test func aServiceThatWantsMoreKeepsWhatItHas() {
        var rig = Rig.leader(pools: Self.dual)
        rig.put(Self.service("x", ["IPv4"]))
        rig.put(Self.service("a", ["IPv4"]))
        rig.delete("x")
        rig.change("a") { ($0.ipFamilies, $0.ipFamilyPolicy) = (Self.both, .requireDual) }
        #expect(addresses(of: "a", in: rig) == ["192.168.1.241", "fd00::10"])
        rig.change("a") { ($0.ipFamilies, $0.ipFamilyPolicy) = (["IPv4"], .single) }
        #expect(addresses(of: "a", in: rig) == ["192.168.1.241"])
        rig.put(Self.service("b", ["IPv6"]))
        #expect(addresses(of: "b", in: rig) == ["fd00::10"], "what was given up is free")
    }

    @Test func aServiceThatCannotHaveMoreKeepsWhatItHas() {
        var rig = Rig.leader(pools: Rig.pool, services: [.named("a")])
        rig.change("a") { ($0.ipFamilies, $0.ipFamilyPolicy) = (Self.both, .requireDual) }
        #expect(addresses(of: "a", in: rig) == ["192.168.1.240"])
        #expect(
            rig.messages.last == "Failed to allocate IP for \"default/a\": no free IPv6 address in the pool \"home\"")
    }

    // MARK: Addresses that are asked for

    @Test(arguments: [
        ("192.168.1.245,fd00::15", ["192.168.1.245", "fd00::15"]),
        ("fd00::15, 192.168.1.245", ["192.168.1.245", "fd00::15"]),
        // The other one is of the same pool.
        ("fd00::15", ["192.168.1.240", "fd00::15"]), ("192.168.1.245", ["192.168.1.245", "fd00::10"]),
    ])
    func theAnnotationNamesOneOrBoth(text: String, expected: [String]) {
        var rig = Rig.leader(pools: Self.dual)
        rig.put(Self.service("a", Self.both, .requireDual, annotations: ["metallb.io/loadBalancerIPs": text]))
        #expect(addresses(of: "a", in: rig) == expected)
    }

    @Test func theFieldNamesOneOfTwo() {
        var rig = Rig.leader(pools: Self.dual)
        rig.put(Self.service("a", Self.both, .preferDual, address: "fd00::19"))
        #expect(addresses(of: "a", in: rig) == ["192.168.1.240", "fd00::19"])
    }

    @Test func addressesOfTwoPoolsAreRefused() {
        let pools = Pools(pools: [Self.pool("four", "192.168.1.240/30"), Self.pool("six", "fd00::10/124")])
        var rig = Rig.leader(pools: pools)
        let annotations = ["metallb.io/loadBalancerIPs": "192.168.1.241,fd00::11"]
        rig.put(Self.service("a", Self.both, .requireDual, annotations: annotations))
        #expect(addresses(of: "a", in: rig) == [])
        #expect(rig.messages.last == "Failed to allocate IP for \"default/a\": fd00::11 is not in the pool \"four\"")
    }

    // MARK: Answering

    @Test func eachAddressIsAnsweredFor() {
        let links = [Rig.link(2, "eth0", "192.168.1.11/24"), Rig.link(3, "eth1", "fd00::1/64")]
        var rig = Rig(links: links)
        rig.send(.pools(Self.dual, from: .file))
        rig.put(Self.service("a", Self.both, .requireDual))
        rig.sync()
        rig.pass(.seconds(1))
        rig.putEndpoints("a", on: ["pi1"])
        rig.pass(.seconds(1))
        let taken = rig.directives.compactMap { if case .take(let claim) = $0 { claim } else { nil } }
        let expected = [Claim(.v4(IPv4Address(rawValue: 0xC0A8_01F0)), on: 2), Claim(IPAddress("fd00::10")!, on: 3)]
        #expect(Set(taken) == Set(expected))
        #expect(rig.node.announcer.serviceCount == 1, "it is one Service")
        #expect(rig.node.overview(at: rig.now).services.first?.addresses.map(\.owner) == ["pi1", "pi1"])

        rig.send(.links([links[0]]))
        let overview = rig.node.overview(at: rig.now).services.first
        #expect(overview?.problem == "fd00::10: no live node is in the address's network")
    }

    @Test func whatIsKeptOverARestartHasBoth() {
        var announcer = Announcer()
        var turn = Turn(at: .zero, using: PRNG(seed: 1))
        let six = IPv6Address(high: 0xFD00_0000_0000_0000, low: 1)
        for address in [IPAddress.v4(IPv4Address(rawValue: 0xC0A8_01F0)), .v6(six)] {
            #expect(announcer.begin(.named("a"), uid: "u", at: address, in: &turn))
            #expect(!announcer.begin(.named("a"), uid: "u", at: address, in: &turn))
        }
        #expect(announcer.saved.announced == ["u": ["192.168.1.240", "fd00::1"]])
        announcer.end(.named("a"), at: .v6(six), in: &turn)
        #expect(announcer.saved.announced == ["u": ["192.168.1.240"]])
        announcer.end(.named("a"), at: .v4(IPv4Address(rawValue: 0xC0A8_01F0)), in: &turn)
        #expect(announcer.saved.announced == [:])
    }
}
