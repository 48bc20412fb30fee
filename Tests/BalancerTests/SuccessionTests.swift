import ARP
import KubeWatch
import NetLink
import Testing
import Wire

@testable import Balancer

/// Pools that follow the router's prefix, and Services that follow their pools.
@Suite struct SuccessionTests {
    private static let old = "2001:db8:1::"
    private static let new = "2001:db8:2::"

    private static func pools(_ hosts: String = "::1:0-::1:ff", of interface: String = "eth0") -> Pools {
        Pools(pools: [
            Pool(
                name: "home", ranges: ["192.168.1.240/28"].compactMap(AddressRange.init(text:)),
                hosts: [AddressRange(text: hosts).flatMap { HostRange($0, of: interface) }].compactMap { $0 })
        ])
    }

    /// The interface eth0 with an address of IPv4 and one in each of these networks: `NETWORK`, or `NETWORK!` where that is
    /// deprecated. Those later in the list are newer.
    private static func link(_ networks: String...) -> Link { link(in: networks) }

    private static func link(in networks: [String]) -> Link {
        var link = Rig.link()
        for (number, text) in networks.enumerated() {
            let isDeprecated = text.hasSuffix("!")
            guard let prefix = Prefix("\(text.prefix { $0 != "!" })2/64") else { continue }
            link.interface.addresses.append(prefix)
            link.interface.states[prefix] = AddressState(isDeprecated: isDeprecated, createdAt: UInt32(number + 1))
        }
        return link
    }

    private static func service(
        _ name: String, _ families: [String] = ["IPv6"], port: UInt16 = 80, address: String? = nil,
        ingress: [String] = [], annotations: [String: String] = [:]
    ) -> Service {
        var service = Service.named(name, port: port, address: address, ingress: ingress, annotations: annotations)
        service.ipFamilies = families
        service.ipFamilyPolicy = families.count > 1 ? .requireDual : .single
        return service
    }

    /// A leader in the network `old`.
    private static func leader(_ links: Link..., pools: Pools = pools(), services: [Service] = []) -> Rig {
        var rig = Rig(links: links)
        rig.send(.pools(pools, from: .file))
        for service in services { rig.put(service) }
        rig.sync()
        rig.pass(.seconds(1))
        return rig
    }

    private func ingress(_ name: String, in rig: Rig) -> [String] {
        (rig.services[.named(name)]?.ingress ?? []).compactMap { if case .ip(let text) = $0 { text } else { nil } }
    }

    /// What is answered for now.
    private func answered(_ rig: Rig) -> [String] { rig.node.announcer.current.keys.sorted().map(\.description) }

    private func networkRecords(_ rig: Rig) -> [String] {
        rig.directives.compactMap { directive in
            guard case .record(let record) = directive, record.id == .networkChanged else { return nil }
            return record.message
        }
    }

    // MARK: Which networks

    @Test(
        arguments: [
            (["2001:db8:1::5/64"], "eth0", "2001:db8:1::1:0"), (["2001:db8:1::5/64"], "eth*", "2001:db8:1::1:0"),
            (["2001:db8:1::5/64"], "*", "2001:db8:1::1:0"), (["2001:db8:1::5/64"], "eth1", nil),
            (["2001:db8:1::5/64"], "wl*", nil), (["2001:db8:1:2::5/56"], "eth0", "2001:db8:1::1:0"),
            (["2001:db8:1::5/128"], "eth0", nil), (["2001:db8:1::5/65"], "eth0", nil), (["fd00::5/64"], "eth0", nil),
            (["fe80::5/64"], "eth0", nil), (["192.168.1.5/24"], "eth0", nil),
            (["fd00::5/64", "2001:db8:1::5/64"], "eth0", "2001:db8:1::1:0"),
        ] as [([String], String, String?)])
    func aPoolFollowsAGlobalPrefix(addresses: [String], interface: String, first: String?) {
        let link = Rig.link(2, "eth0", addresses.joined(separator: ","))
        let pools = Self.pools(of: interface).resolved(by: Reach([link]).globalPrefixes)
        let sixth = pools.pools[0].ranges.filter { $0.family == .ipv6 }
        #expect(sixth.map(\.first.description) == [first].compactMap { $0 })
        #expect(pools.pools[0].hosts[0].network == first.flatMap { _ in Prefix("2001:db8:1::/64") })
    }

    @Test func theNewestPreferredNetworkGives() {
        func resolved(_ networks: String...) -> Pool {
            Self.pools().resolved(by: Reach([Self.link(in: networks)]).globalPrefixes).pools[0]
        }
        func heads(_ ranges: [AddressRange]) -> [String] {
            ranges.filter { $0.family == .ipv6 }.map(\.first.description)
        }
        let both = resolved(Self.new, Self.old)
        #expect(heads(both.ranges) == ["2001:db8:1::1:0"])
        #expect(heads(both.kept) == ["2001:db8:2::1:0"] && both.leaving.isEmpty)
        let after = resolved(Self.new, Self.old + "!")
        #expect(heads(after.ranges) == ["2001:db8:2::1:0"])
        #expect(heads(after.leaving) == ["2001:db8:1::1:0"] && after.kept.isEmpty)
        let alone = resolved(Self.old + "!")
        #expect(heads(alone.ranges).isEmpty && heads(alone.kept) == ["2001:db8:1::1:0"] && alone.leaving.isEmpty)
    }

    @Test func aNetworkIsPreferredIfAnyOfItsAddressesIs() {
        // A temporary address (RFC 8981) is deprecated while the stable one is not.
        var link = Self.link(Self.old)
        if let temporary = Prefix("2001:db8:1:0:aaaa::1/64") {
            link.interface.addresses.append(temporary)
            link.interface.states[temporary] = AddressState(isDeprecated: true, createdAt: 9)
        }
        let prefixes = Reach([link]).globalPrefixes
        #expect(prefixes.map(\.state) == [AddressState(isDeprecated: false, createdAt: 1)])
    }

    @Test func whatIsWrittenDownComesFirst() {
        var pools = Self.pools()
        pools.pools.append(Pool(name: "fixed", ranges: ["2001:db8:1::/64"].compactMap(AddressRange.init(text:))))
        let resolved = pools.resolved(by: Reach([Self.link(Self.old)]).globalPrefixes)
        #expect(resolved.pools[0].hosts[0].network == nil)
        #expect(resolved.pools[0].ranges.count == 1)
    }

    // MARK: Giving

    @Test func addressesAreGivenInTheNetworkOfTheInterface() {
        var rig = Self.leader(Self.link(Self.old))
        rig.put(Self.service("a"))
        rig.put(Self.service("b", ["IPv4", "IPv6"]))
        rig.putEndpoints("a", on: ["pi1"])
        #expect(ingress("a", in: rig) == ["2001:db8:1::1:0"])
        #expect(ingress("b", in: rig) == ["192.168.1.240", "2001:db8:1::1:1"])
        #expect(answered(rig) == ["2001:db8:1::1:0"])
        let listened = rig.directives.compactMap { if case .listen(let ranges) = $0 { ranges } else { nil } }.last
        #expect(listened?.map(\.description) == ["192.168.1.240-192.168.1.255", "2001:db8:1::1:0-2001:db8:1::1:ff"])
        #expect(rig.status?.contains("pool home 3/272 used") ?? false, "\(rig.status ?? "")")
    }

    @Test func withoutANetworkNothingIsGiven() {
        var rig = Self.leader(Self.link())
        rig.put(Self.service("a"))
        #expect(ingress("a", in: rig) == [])
        #expect(
            rig.messages.last
                == "Failed to allocate IP for \"default/a\": the pool \"home\" follows the global IPv6 prefix of eth0, and "
                + "the node that leads has none there now: see whether the router advertises one")
        let shown = rig.node.overview(at: rig.now)
        #expect(shown.pools[0].addresses == ["192.168.1.240-192.168.1.255", "::1:0-::1:ff of eth0"])
        rig.send(.links([Self.link(Self.old)]))
        #expect(ingress("a", in: rig) == ["2001:db8:1::1:0"], "once there is one, it is given")
        #expect(networkRecords(rig) == ["the pools follow the network 2001:db8:1::/64 of eth0"])
    }

    @Test func anAddressThatIsAskedForIsOfTheNetworkOfTheTime() {
        var rig = Self.leader(Self.link(Self.old))
        rig.put(Self.service("a", address: "2001:db8:1::1:7"))
        #expect(ingress("a", in: rig) == ["2001:db8:1::1:7"])
        rig.put(Self.service("b", address: "2001:db8:2::1:8"))
        #expect(
            rig.messages.last
                == "Failed to allocate IP for \"default/b\": 2001:db8:2::1:8 is not in 2001:db8:1::/64, the network that "
                + "eth0 has now")
        rig.clear()
        rig.send(.links([Self.link(Self.old + "!", Self.new)]))
        #expect(ingress("b", in: rig) == ["2001:db8:2::1:8"])
        #expect(ingress("a", in: rig) == ["2001:db8:1::1:7"], "it stays while it can be reached")
        #expect(
            rig.messages.contains(
                "Failed to allocate IP for \"default/a\": 2001:db8:1::1:7 is not in 2001:db8:2::/64, the network that "
                    + "eth0 has now"))
        rig.send(.links([Self.link(Self.new)]))
        rig.pass(.seconds(60))
        #expect(ingress("a", in: rig) == [])
    }

    // MARK: Moving

    @Test func aServiceMovesAndHasBothMeanwhile() {
        var rig = Self.leader(Self.link(Self.old))
        rig.put(Self.service("a"))
        rig.put(Self.service("b", ["IPv4", "IPv6"]))
        rig.putEndpoints("a", on: ["pi1"])
        rig.clear()
        rig.send(.links([Self.link(Self.old + "!", Self.new)]))
        #expect(ingress("a", in: rig) == ["2001:db8:2::1:0", "2001:db8:1::1:0"])
        #expect(ingress("b", in: rig) == ["192.168.1.240", "2001:db8:2::1:1", "2001:db8:1::1:1"])
        #expect(answered(rig) == ["2001:db8:1::1:0", "2001:db8:2::1:0"])
        #expect(
            rig.messages.filter { $0.hasPrefix("Assigned") }
                == ["Assigned IP \"2001:db8:2::1:0\"", "Assigned IP \"2001:db8:2::1:1\""])
        #expect(
            networkRecords(rig) == [
                "the pools follow the network 2001:db8:2::/64 of eth0; 2001:db8:1::/64 is deprecated, and Services leave it"
            ])
        #expect(rig.status?.contains("pool home 3/272 used") ?? false, "\(rig.status ?? "")")
        #expect(rig.node.overview(at: rig.now).services.allSatisfy { $0.name != "a" || $0.problem == nil })
        rig.clear()
        rig.pass(.seconds(3_600))
        #expect(rig.writes { if case .serviceStatus = $0 { true } else { false } } == [], "nothing more to write")

        rig.send(.links([Self.link(Self.new)]))
        #expect(answered(rig) == ["2001:db8:2::1:0"], "what this node is not in it cannot answer for")
        rig.pass(.seconds(11))
        #expect(ingress("a", in: rig) == ["2001:db8:2::1:0"])
        #expect(ingress("b", in: rig) == ["192.168.1.240", "2001:db8:2::1:1"])
        #expect(rig.messages.filter { $0.hasPrefix("Assigned") } == [], "to lose the old one is not to get one")
    }

    @Test func whatCouldDoWithoutIPv6MovesTheSame() {
        var rig = Self.leader(Self.link(Self.old))
        rig.put(Self.service("x"))
        var service = Self.service("a", ["IPv4", "IPv6"])
        service.ipFamilyPolicy = .preferDual
        rig.put(service)
        rig.delete("x")
        #expect(ingress("a", in: rig) == ["192.168.1.240", "2001:db8:1::1:1"])
        rig.send(.links([Self.link(Self.new)]))
        rig.pass(.seconds(5))
        #expect(ingress("a", in: rig) == ["192.168.1.240", "2001:db8:1::1:1"])
        rig.pass(.seconds(6))
        #expect(ingress("a", in: rig) == ["192.168.1.240", "2001:db8:2::1:1"])
        rig.send(.links([Self.link(Self.new + "!", Self.old)]))
        #expect(ingress("a", in: rig) == ["192.168.1.240", "2001:db8:1::1:1", "2001:db8:2::1:1"])
    }

    @Test func aPreferredAddressStaysWhateverElseIs() {
        var rig = Self.leader(Self.link(Self.old))
        rig.put(Self.service("a"))
        rig.send(.links([Self.link(Self.old, Self.new)]))
        #expect(ingress("a", in: rig) == ["2001:db8:1::1:0"])
        rig.put(Self.service("b"))
        #expect(ingress("b", in: rig) == ["2001:db8:2::1:0"], "new ones are of the newest")
        // Forth, back and forth.
        rig.send(.links([Self.link(Self.old + "!", Self.new)]))
        let moved = ingress("a", in: rig)
        #expect(moved == ["2001:db8:2::1:1", "2001:db8:1::1:0"], "another host part, since b has that one")
        rig.send(.links([Self.link(Self.old, Self.new)]))
        #expect(ingress("a", in: rig) == moved)
        rig.send(.links([Self.link(Self.old + "!", Self.new)]))
        #expect(ingress("a", in: rig) == moved)
        // And when the first one is really back, what is there already serves.
        rig.send(.links([Self.link(Self.old, Self.new + "!")]))
        #expect(ingress("a", in: rig) == moved)
        rig.send(.links([Self.link(Self.old)]))
        rig.pass(.seconds(20))
        #expect(ingress("a", in: rig) == ["2001:db8:1::1:0"])
    }

    @Test func aDeprecatedAddressStaysWhileThereIsNoOther() {
        var rig = Self.leader(Self.link(Self.old))
        rig.put(Self.service("a"))
        rig.putEndpoints("a", on: ["pi1"])
        rig.clear()
        rig.send(.links([Self.link(Self.old + "!")]))
        rig.send(.links([Self.link()]))
        rig.pass(.seconds(3_600))
        #expect(ingress("a", in: rig) == ["2001:db8:1::1:0"])
        #expect(answered(rig) == [])
        #expect(rig.events.allSatisfy { $0.reason != "AllocationFailed" })
        #expect(networkRecords(rig).last == "there is no global IPv6 prefix on eth0 for the pools to follow")
        rig.send(.links([Self.link(Self.old)]))
        #expect(answered(rig) == ["2001:db8:1::1:0"], "as if nothing had been")
    }

    @Test func aNetworkThatIsGoneAtOnceIsMissedForAWhile() {
        var rig = Self.leader(Self.link(Self.old))
        rig.put(Self.service("a"))
        rig.send(.links([Self.link()]))
        rig.pass(.seconds(100))
        // Of two routers, the one that comes back first is not the one that was followed.
        rig.send(.links([Self.link(Self.new)]))
        rig.pass(.seconds(5))
        #expect(ingress("a", in: rig) == ["2001:db8:1::1:0"])
        rig.send(.links([Self.link(Self.new, Self.old)]))
        rig.pass(.seconds(100))
        #expect(ingress("a", in: rig) == ["2001:db8:1::1:0"])
        rig.send(.links([Self.link(Self.new)]))
        rig.pass(.seconds(9))
        #expect(ingress("a", in: rig) == ["2001:db8:1::1:0"])
        rig.pass(.seconds(2))
        #expect(ingress("a", in: rig) == ["2001:db8:2::1:0"])
    }

    @Test func whatAnotherNodeIsInIsNotGone() {
        var rig = Self.leader(Self.link(Self.new))
        rig.renew("pi2", addresses: "192.168.1.12/24,2001:db8:1::12/64")
        rig.put(Self.service("a", ingress: ["2001:db8:1::1:0"]))
        for _ in 0..<4 {
            rig.pass(.seconds(10))
            rig.renew("pi2", addresses: "192.168.1.12/24,2001:db8:1::12/64")
        }
        #expect(ingress("a", in: rig) == ["2001:db8:1::1:0"])
        #expect(rig.node.overview(at: rig.now).services.map(\.problem) == [nil])
        rig.renew("pi2", addresses: "192.168.1.12/24,2001:db8:2::12/64")
        rig.pass(.seconds(11))
        #expect(ingress("a", in: rig) == ["2001:db8:2::1:0"])
    }

    @Test func aNewLeaderMovesWhatTheOldOneDidNot() {
        let services = [
            Self.service("a", ingress: ["2001:db8:1::1:5"]),
            Self.service("b", ingress: ["2001:db8:2::1:6", "2001:db8:1::1:6"]),
            // Of a network before those.
            Self.service("c", ingress: ["2001:db8:9::1:7"]),
        ]
        var rig = Self.leader(Self.link(Self.old + "!", Self.new), services: services)
        #expect(ingress("a", in: rig) == ["2001:db8:2::1:5", "2001:db8:1::1:5"])
        #expect(ingress("b", in: rig) == ["2001:db8:2::1:6", "2001:db8:1::1:6"])
        rig.pass(.seconds(20))
        #expect(ingress("c", in: rig) == ["2001:db8:2::1:7"])
        #expect(!rig.records.contains(.foreignStatus))
    }

    @Test func whoSharesAnAddressMovesAlong() {
        let sharing = ["metallb.io/allow-shared-ip": "k"]
        var rig = Self.leader(Self.link(Self.old), pools: Self.pools("::1:0-::1:3"))
        rig.put(Self.service("a", port: 80, annotations: sharing))
        rig.put(Self.service("b", port: 81, annotations: sharing))
        #expect(ingress("a", in: rig) == ingress("b", in: rig))
        // Somebody has the same host part in the new network already.
        rig.send(.links([Self.link(Self.old, Self.new)]))
        rig.put(Self.service("c"))
        #expect(ingress("c", in: rig) == ["2001:db8:2::1:0"])
        rig.put(Self.service("d"))
        rig.put(Self.service("e"))
        rig.delete("d")
        rig.send(.links([Self.link(Self.old + "!", Self.new)]))
        #expect(ingress("a", in: rig) == ["2001:db8:2::1:1", "2001:db8:1::1:0"])
        #expect(ingress("b", in: rig) == ingress("a", in: rig))
    }

    @Test func theNewAddressIsLookedForOnTheNetworkFirst() {
        var rig = Self.leader(Self.link(Self.old), pools: Self.pools("::1:0-::1:3"))
        rig.put(Self.service("a"))
        rig.answersProbes = false
        rig.clear()
        rig.send(.links([Self.link(Self.old + "!", Self.new)]))
        let probes = rig.directives.compactMap { if case .probe(let probe) = $0 { probe } else { nil } }
        #expect(probes.first?.address.description == "2001:db8:2::1:0")
        #expect(ingress("a", in: rig) == ["2001:db8:1::1:0"])
        for probe in probes {
            let isUsed = probe.address.description == "2001:db8:2::1:0"
            rig.send(.probed(isUsed ? .used(probe, by: MACAddress(rawValue: 0xB827_EB12_3456)) : .free(probe)))
        }
        #expect(ingress("a", in: rig) == ["2001:db8:2::1:1", "2001:db8:1::1:0"])
    }

    @Test func manyMoveAsTheirAddressesAreFoundToBeFree() {
        var rig = Self.leader(Self.link(Self.old))
        for name in ["a", "b", "c", "d"] { rig.put(Self.service(name)) }
        rig.answersProbes = false
        rig.clear()
        rig.send(.links([Self.link(Self.old + "!", Self.new)]))
        let probes = rig.directives.compactMap { if case .probe(let probe) = $0 { probe } else { nil } }
        for probe in probes.reversed() { rig.send(.probed(.free(probe))) }
        for (number, name) in ["a", "b", "c", "d"].enumerated() {
            #expect(ingress(name, in: rig) == ["2001:db8:2::1:\(number)", "2001:db8:1::1:\(number)"])
        }
    }

    @Test func atMostTwoFormerAddressesAreKept() {
        var rig = Self.leader(Self.link("2001:db8:5::"))
        rig.put(Self.service("a"))
        rig.send(.links([Self.link("2001:db8:5::!", "2001:db8:6::")]))
        rig.send(.links([Self.link("2001:db8:5::!", "2001:db8:6::!", "2001:db8:7::")]))
        rig.send(.links([Self.link("2001:db8:5::!", "2001:db8:6::!", "2001:db8:7::!", "2001:db8:8::")]))
        #expect(ingress("a", in: rig) == ["2001:db8:8::1:0", "2001:db8:7::1:0", "2001:db8:6::1:0"])
    }

    @Test func aServiceThatGivesUpIPv6GivesUpAll() {
        var rig = Self.leader(Self.link(Self.old))
        rig.put(Self.service("a", ["IPv4", "IPv6"]))
        rig.send(.links([Self.link(Self.old + "!", Self.new)]))
        #expect(ingress("a", in: rig).count == 3)
        rig.change("a") { $0.ipFamilies = ["IPv4"] }
        #expect(ingress("a", in: rig) == ["192.168.1.240"])
        rig.delete("a")
        rig.put(Self.service("b"))
        #expect(ingress("b", in: rig) == ["2001:db8:2::1:0"], "the address is free again")
    }

    @Test func anotherControllersAddressesStayForeign() {
        var rig = Self.leader(Self.link(Self.old))
        rig.put(Self.service("a", ingress: ["2001:db8:1::1:5", "2001:db8:77::5"]))
        #expect(ingress("a", in: rig) == ["2001:db8:1::1:5"], "replaced, as it always was")
        let fixed = Rig.pools("2001:db8:1::10-2001:db8:1::1f")
        #expect(
            Standing(of: .named("a", ingress: ["2001:db8:1::10", "2001:db8:1::11"]), in: fixed) == .foreign,
            "two of one family where no network is followed")
    }
}
