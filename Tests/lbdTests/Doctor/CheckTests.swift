import Balancer
import DHCP
import NetLink
import Testing
import Wire

@testable import lbd

/// From what was seen to what is said.
@Suite struct CheckTests {
    private func address(_ text: String) throws -> IPv4Address { try #require(IPv4Address(text)) }

    private func pool(_ name: String, _ first: String, _ last: String) throws -> Pool {
        let range = AddressRange(try #require(IPAddress(first)), try #require(IPAddress(last)))
        return Pool(name: name, ranges: [try #require(range)])
    }

    private func link(
        _ index: UInt32, _ name: String, _ addresses: String..., isExcluded: Bool = false, isNamed: Bool = false,
        isUp: Bool = true, master: UInt32? = nil
    ) -> Link {
        let interface = Interface(
            index: index, name: name, macAddress: MACAddress(rawValue: UInt64(index)), isUp: isUp, masterIndex: master,
            addresses: addresses.compactMap { Prefix($0) })
        return Link(interface, isNamed: isNamed, isExcluded: isExcluded)
    }

    // MARK: DHCP

    private static let router = MACAddress(rawValue: 0x0200_C0A8_0201)

    private func offer(_ text: String, by server: String = "192.168.2.1") throws -> Offer {
        Offer(interfaceIndex: 2, server: try address(server), station: Self.router, address: try address(text))
    }

    private func dhcp(_ offers: [Offer], unasked: [UInt32] = []) throws -> [Finding] {
        DHCPCheck.findings(
            Surveyor.Result(offers: offers, unasked: unasked), names: [2: "eth0"],
            pools: [try pool("home", "192.168.2.128", "192.168.2.255")], naming: { "\($0), Maker" })
    }

    @Test func anOfferInsideAPoolIsAnError() throws {
        let findings = try dhcp([try offer("192.168.2.130"), try offer("192.168.2.60")])
        #expect(findings.map(\.level) == [.error])
        #expect(
            findings[0].what == "the DHCP server 192.168.2.1 (02:00:c0:a8:02:01, Maker) on eth0 would hand out "
                + "192.168.2.130, which is in the pool \"home\"")
        #expect(findings[0].advice?.contains("Shrink the range") == true)
    }

    @Test func offersOnBothSidesOfAPoolAreSuspicious() throws {
        let findings = DHCPCheck.findings(
            Surveyor.Result(offers: [try offer("192.168.2.20"), try offer("192.168.2.200")]), names: [2: "eth0"],
            pools: [try pool("home", "192.168.2.100", "192.168.2.110")], naming: \.description)
        #expect(findings.map(\.level) == [.warning] && findings[0].what.contains("on both sides"))
    }

    @Test func offersOutsideAllPoolsAreFine() throws {
        let findings = try dhcp([try offer("192.168.2.60"), try offer("192.168.2.61")])
        #expect(findings.map(\.level) == [.fine])
        #expect(findings[0].what.hasSuffix("would hand out 192.168.2.60, 192.168.2.61, which are in no pool"))
    }

    @Test func whoeverIsNotHeardIsSaidNotToBe() throws {
        #expect(try dhcp([]).map(\.level) == [.fine])
        #expect(try dhcp([])[0].what == "no DHCP server answers on eth0: what it may hand out is not known")
        #expect(try dhcp([], unasked: [2]).map(\.level) == [.unknown])
    }

    @Test func aSecondServerIsToldOf() throws {
        let findings = try dhcp([try offer("192.168.2.60"), try offer("192.168.2.70", by: "192.168.2.2")])
        #expect(findings.map(\.level) == [.fine, .fine, .hint])
    }

    // MARK: Pools

    private func pools(
        _ pools: [Pool], _ links: [Link], others: [String: [Prefix]] = [:], gateways: [IPAddress] = []
    ) -> [Finding] {
        PoolsCheck.findings(
            .pools(Pools(pools: pools)),
            Surroundings(node: "gooseberry", links: links, others: others, gateways: gateways))
    }

    @Test func thePoolOfANetworkIsAnsweredForThere() throws {
        let home = try pool("home", "192.168.2.128", "192.168.2.254")
        let findings = pools([home], [link(2, "eth0", "192.168.2.11/24"), link(3, "eth1", "10.0.0.1/8")])
        #expect(findings == [.fine(.pools, "192.168.2.128-192.168.2.254 of the pool \"home\" is answered for on eth0")])
    }

    @Test func whatIsBarredIsTold() throws {
        let home = try pool("home", "192.168.2.0", "192.168.2.255")
        let findings = pools(
            [home], [link(2, "eth0", "192.168.2.11/24")],
            others: ["blackberry": [try #require(Prefix("192.168.2.12/24"))]],
            gateways: [try #require(IPAddress("192.168.2.1"))])
        #expect(findings.dropFirst().map(\.level) == [.fine, .warning, .warning, .warning, .fine])
        #expect(
            findings[2].what
                == "the pool \"home\" holds 192.168.2.1, which is the default gateway's address: no Service gets it")
        #expect(findings[3].what.contains("192.168.2.11, which is the node \"gooseberry\"'s own address"))
        #expect(findings[4].what.contains("192.168.2.12, which is the node \"blackberry\"'s own address"))
    }

    @Test func thePoolOfANetworkThatIsNotUsedSaysWhy() throws {
        let home = try pool("home", "192.168.2.128", "192.168.2.200")
        let other = link(2, "eth0", "10.0.0.1/8")
        for (bad, reason) in [
            (link(3, "eth1", "192.168.2.11/24", isExcluded: true), "it is excluded by `interfaces` in lbd.yaml"),
            (link(3, "eth1", "192.168.2.11/24", isUp: false), "it is down, or has no cable"),
            (link(3, "eth1", "192.168.2.11/24", master: 2), "it is a part of eth0"),
        ] {
            let findings = pools([home], [other, bad])
            #expect(findings.map(\.level) == [.error] && findings[0].what.hasSuffix(reason))
        }
    }

    @Test func aPoolOfAnotherNetworkIsForOthers() throws {
        let home = try pool("home", "192.168.7.128", "192.168.7.200")
        let eth0 = link(2, "eth0", "192.168.2.11/24")
        #expect(pools([home], [eth0]).map(\.level) == [.error])
        let others = ["blackberry": [try #require(Prefix("192.168.7.2/24"))]]
        #expect(pools([home], [eth0], others: others).map(\.level) == [.hint])
        // An interface that the settings name answers for addresses of other networks.
        #expect(pools([home], [link(2, "eth0", "192.168.2.11/24", isNamed: true)]).map(\.level) == [.fine])
    }

    @Test func withoutPoolsOrInterfacesNothingWorks() {
        let none = Surroundings(node: "pi", links: [], others: [:], gateways: [])
        let missing = PoolsCheck.findings(.missing(path: "/p", configMap: "a/b"), none)
        #expect(missing.map(\.level) == [.warning, .error] && missing[0].advice?.contains("a/b") == true)
        let refused = PoolsCheck.findings(.refused(problem: "/p:1:2: error: no"), none)
        #expect(refused.map(\.what).first == "/p:1:2: error: no")
        #expect(PoolsCheck.findings(.pools(Pools()), none).map(\.level) == [.warning, .error])
    }

    // MARK: The kernel

    private func settings(
        ignores: Int = 0, announces: Int = 0, filters: Int = 0, isProxy: Bool = false, hasIPv6: Bool = true
    ) -> KernelCheck.Settings {
        KernelCheck.Settings(
            name: "eth0", ignoresARP: ignores, announcesARP: announces, filtersReversePath: filters, isProxy: isProxy,
            hasIPv6: hasIPv6)
    }

    private func kernel(_ settings: KernelCheck.Settings, _ change: (inout KernelCheck.Evidence) -> Void) -> [Finding] {
        var evidence = KernelCheck.Evidence(interfaces: [settings])
        evidence.forwards = true
        change(&evidence)
        return KernelCheck.findings(evidence)
    }

    @Test func theDefaultsAreFine() {
        #expect(kernel(settings()) { _ in }.map(\.level) == [.fine])
        // Strict filtering does no harm where there is one network.
        #expect(kernel(settings(filters: 1)) { _ in }.map(\.level) == [.fine])
    }

    @Test func ipvsWithoutStrictARPIsAnError() {
        let findings = kernel(settings()) { $0.hasServiceInterface = true }
        #expect(findings.map(\.level) == [.error])
        #expect(
            findings[0].what.contains("without strictARP") && findings[0].advice?.contains("strictARP: true") == true)
        #expect(kernel(settings(ignores: 1)) { $0.hasServiceInterface = true }.map(\.level) == [.error])
        #expect(kernel(settings(ignores: 1, announces: 2)) { $0.hasServiceInterface = true }.map(\.level) == [.fine])
        #expect(kernel(settings()) { $0.usesIPVS = true }.map(\.level) == [.hint])
    }

    @Test func whatStandsInTheWayIsTold() {
        #expect(kernel(settings(ignores: 8, announces: 2)) { _ in }.map(\.level) == [.error])
        #expect(kernel(settings(isProxy: true)) { _ in }.map(\.level) == [.warning])
        #expect(kernel(settings(filters: 1)) { $0.answersAnywhere = true }.map(\.level) == [.hint])
        #expect(kernel(settings(filters: 2)) { $0.answersAnywhere = true }.map(\.level) == [.fine])
        #expect(kernel(settings(hasIPv6: false)) { $0.needsIPv6 = true }.map(\.level) == [.error])
        #expect(kernel(settings(hasIPv6: false)) { _ in }.map(\.level) == [.fine])
        #expect(kernel(settings()) { $0.forwards = false }.map(\.level) == [.warning])
        #expect(kernel(settings()) { $0.unread = ["eth1"] }.map(\.level) == [.fine, .unknown])
    }

    // MARK: Who answers

    private static let black = MACAddress(rawValue: 0x0200_C0A8_020C)
    private static let stranger = MACAddress(rawValue: 0x0200_C0A8_0242)

    private func answers(_ owner: String, _ stations: [MACAddress]?) throws -> [Finding] {
        let answer = AnswersCheck.Answer(
            address: .v4(try address("192.168.2.129")), owner: owner, stations: stations)
        return AnswersCheck.findings(
            AnswersCheck.Evidence(node: "gooseberry", answers: [answer], nodes: [Self.black: "blackberry"]),
            naming: { "\($0), Maker" })
    }

    @Test func theOwnerAloneIsFine() throws {
        #expect(try answers("gooseberry", []).map(\.level) == [.fine])
        #expect(try answers("blackberry", [Self.black]).map(\.level) == [.fine])
        #expect(try answers("blackberry", nil).map(\.level) == [.unknown])
    }

    @Test func anybodyElseIsAnError() throws {
        for owner in ["gooseberry", "blackberry"] {
            let stations = owner == "blackberry" ? [Self.black, Self.stranger] : [Self.stranger]
            let findings = try answers(owner, stations)
            #expect(findings.map(\.level) == [.error])
            #expect(
                findings[0].what == "02:00:c0:a8:02:42, Maker, which is no node, answers for 192.168.2.129, whose "
                    + "owner is "
                    + owner)
        }
        let findings = try answers("gooseberry", [Self.black])
        #expect(
            findings.map(\.level) == [.error]
                && findings[0].what.hasPrefix(
                    "blackberry answers for "
                        + "192.168.2.129 too")
        )
        #expect(try answers("blackberry", [])[0].what == "nobody answers for 192.168.2.129, whose owner is blackberry")
    }

    @Test func whatWasNotAskedIsSaid() {
        #expect(AnswersCheck.findings(nil, naming: \.description).map(\.level) == [.unknown])
        let nothing = AnswersCheck.Evidence(node: "pi", answers: [])
        #expect(AnswersCheck.findings(nothing, naming: \.description).map(\.level) == [.fine])
        let six = AnswersCheck.Evidence(node: "pi", answers: [], unasked: ["fd00::1"])
        let findings = AnswersCheck.findings(six, naming: \.description)
        #expect(findings.map(\.level) == [.unknown] && findings[0].what.hasSuffix(": fd00::1"))
    }
}
