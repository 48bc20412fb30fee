import ARP
import KubeWatch
import NetLink
import Testing
import Wire

@testable import Balancer

/// Addresses that other hosts use, or of which that is not known yet.
@Suite struct VacancyTests {
    private static let foreigner = MACAddress(rawValue: 0xB827_EB12_3456)
    private static let peer = MACAddress(rawValue: 0x0242_0000_0012)

    private func address(_ last: Int) -> IPAddress { IPAddress("192.168.1.\(last)") ?? .v4(IPv4Address(rawValue: 0)) }

    private func probe(_ last: Int) -> Probe { Probe(address(last), on: 2) }

    /// A leader with the pool .240 to .250 that gets no answers by itself.
    private func leader(pools: Pools = Rig.pool, settings: Settings = Settings(nodeName: "pi1", instanceID: "a")) -> Rig
    {
        var rig = Rig(settings)
        rig.answersProbes = false
        rig.send(.pools(pools, from: .file))
        rig.sync()
        rig.pass(.seconds(1))
        return rig
    }

    private func probed(_ rig: Rig) -> [Probe] {
        rig.directives.compactMap { if case .probe(let probe) = $0 { probe } else { nil } }
    }

    private func asked(_ rig: Rig) -> [Question] {
        rig.directives.compactMap { if case .ask(let question) = $0 { question } else { nil } }
    }

    private func warnings(_ rig: Rig) -> [String] {
        rig.directives.compactMap { directive in
            guard case .record(let record) = directive, record.id == .addressUsedElsewhere else { return nil }
            return record.message
        }
    }

    // MARK: What is probed

    @Test func theLeaderHasThePoolProbedAhead() {
        let rig = leader()
        #expect(probed(rig) == (240...250).map { probe($0) })
        let many = leader(pools: Rig.pools("192.168.1.240-192.168.1.241", "10.0.0.0/8"))
        #expect(probed(many) == [probe(240), probe(241)], "this node is not in the other network")
    }

    @Test func noMoreThanTheLimit() {
        var rig = Rig(links: [Rig.link(2, "eth0", "10.0.0.1/8")])
        rig.answersProbes = false
        rig.send(.pools(Rig.pools("10.1.0.0/16"), from: .file))
        rig.sync()
        rig.pass(.seconds(1))
        #expect(probed(rig).count == 1_024)
        #expect(Set(probed(rig)).count == 1_024)
    }

    @Test func whoDoesNotLeadProbesNothing() {
        var rig = Rig(Settings(nodeName: "pi1", instanceID: "a", allocation: .never))
        rig.send(.pools(Rig.pool, from: .file))
        rig.sync()
        rig.pass(.seconds(100))
        #expect(probed(rig).isEmpty)
    }

    @Test func whatServicesHaveAndWhatIsBarredIsNotProbed() {
        var rig = Rig(links: [Rig.link(2, "eth0", "192.168.1.241/24")])
        rig.answersProbes = false
        rig.send(.pools(Rig.pools("192.168.1.240-192.168.1.243"), from: .file))
        rig.put(.named("old", ingress: ["192.168.1.240"]))
        rig.sync()
        rig.pass(.seconds(1))
        #expect(probed(rig) == [probe(242), probe(243)])
        #expect(rig.address(of: "old") == "192.168.1.240")
    }

    @Test func whereThatIsSwitchedOffNothingIs() {
        var rig = leader(settings: Settings(nodeName: "pi1", instanceID: "a", probes: false))
        rig.put(.named("web"))
        #expect(probed(rig).isEmpty && rig.address(of: "web") == "192.168.1.240")
    }

    /// No host of this network has what routers are told of.
    @Test func addressesThatRoutersAreToldOfAreNot() {
        let range = AddressRange(text: "192.168.1.240-192.168.1.250").map { [$0] } ?? []
        let pools = Pools(pools: [Pool(name: "far", announcementProtocol: .bgp, ranges: range)])
        var rig = leader(pools: pools)
        rig.put(.named("web"))
        #expect(probed(rig).isEmpty && rig.address(of: "web") == "192.168.1.240")
    }

    @Test func whatIsKnownIsLookedAtAgainAfterAWhile() {
        var rig = leader(pools: Rig.pools("192.168.1.240-192.168.1.241"))
        rig.send(.probed(.free(probe(240))))
        rig.send(.probed(.used(probe(241), by: Self.foreigner)))
        rig.clear()
        rig.pass(.seconds(290))
        #expect(probed(rig).isEmpty)
        rig.pass(.seconds(80))
        #expect(probed(rig) == [probe(241)])
        rig.clear()
        rig.pass(.seconds(1_500))
        #expect(probed(rig) == [probe(240)])
    }

    /// A Service had got it meanwhile, from a leader before: that is no reason to forget it for ever.
    @Test func whatIsGivenWhileItIsProbedIsProbedAgainOnceItIsFree() {
        var rig = leader(pools: Rig.pools("192.168.1.240-192.168.1.240"))
        rig.put(.named("web", ingress: ["192.168.1.240"]))
        rig.send(.probed(.used(probe(240), by: Self.peer)))
        rig.delete("web")
        rig.clear()
        rig.pass(.seconds(2_000))
        #expect(probed(rig) == [probe(240)])
    }

    /// Nobody has looked at it for an hour, though that was tried: it is not known any more.
    @Test func whatIsKnownAges() {
        var rig = leader(pools: Rig.pools("192.168.1.240-192.168.1.240"))
        rig.send(.probed(.free(probe(240))))
        for _ in 0..<130 {
            rig.pass(.seconds(30))
            if probed(rig).contains(probe(240)) { rig.send(.probed(.failed(probe(240)))) }
            rig.clear()
        }
        rig.put(.named("web"))
        #expect(rig.address(of: "web") == nil)
    }

    /// Where it is known who has made the host, people are told.
    @Test func makersAreNamed() {
        var rig = leader()
        rig.send(.vendor(Self.foreigner, "Raspberry Pi Foundation"))
        rig.send(.probed(.used(probe(240), by: Self.foreigner)))
        let text =
            "192.168.1.240 of the pool \"home\" is used by another host, b8:27:eb:12:34:56, Raspberry Pi Foundation: "
            + "no Service gets it"
        #expect(warnings(rig) == [text])
    }

    // MARK: What is given

    @Test func aServiceWaitsUntilItIsKnown() {
        var rig = leader()
        rig.put(.named("web"))
        #expect(rig.address(of: "web") == nil && rig.messages.isEmpty, "that is no failure")
        let problem = rig.node.overview(at: rig.now).services.first?.problem
        #expect(problem?.hasPrefix("it is being found out whether another host uses the address") == true)
        rig.send(.probed(.free(probe(240))))
        #expect(rig.address(of: "web") == "192.168.1.240")
    }

    @Test func aBurstIsServedAsItBecomesKnown() {
        var rig = leader()
        for number in 0..<5 { rig.put(.named("web-\(number)")) }
        for last in 240...242 { rig.send(.probed(.free(probe(last)))) }
        let addresses = (0..<5).map { rig.address(of: "web-\($0)") }
        #expect(addresses == ["192.168.1.240", "192.168.1.241", "192.168.1.242", nil, nil])
        for last in 243...244 { rig.send(.probed(.free(probe(last)))) }
        #expect(rig.address(of: "web-4") == "192.168.1.244")
    }

    @Test func whatAnotherHostUsesIsSkippedAndTold() {
        var rig = leader()
        rig.put(.named("web"))
        rig.send(.probed(.used(probe(240), by: Self.foreigner)))
        rig.send(.probed(.free(probe(241))))
        #expect(rig.address(of: "web") == "192.168.1.241")
        let text = "192.168.1.240 of the pool \"home\" is used by another host, b8:27:eb:12:34:56: no Service gets it"
        #expect(warnings(rig) == [text])
        let event = rig.events.first { $0.reason == "AddressInUse" }
        #expect(event?.level == .warning && event?.message == text && event?.kind == .node)
        // The same again is no news; that it is gone is.
        rig.clear()
        rig.send(.probed(.used(probe(240), by: Self.foreigner)))
        #expect(warnings(rig).isEmpty)
        rig.send(.probed(.free(probe(240))))
        #expect(warnings(rig) == ["192.168.1.240 of the pool \"home\" is not used by another host any more"])
        rig.put(.named("next"))
        #expect(rig.address(of: "next") == "192.168.1.240")
    }

    @Test func whoAsksForItIsToldWhoHasIt() {
        var rig = leader()
        rig.put(.named("web", address: "192.168.1.250"))
        #expect(rig.address(of: "web") == nil && rig.messages.isEmpty)
        rig.send(.probed(.used(probe(250), by: Self.foreigner)))
        let text = "192.168.1.250 is used by another host, b8:27:eb:12:34:56"
        #expect(rig.messages.contains("Failed to allocate IP for \"default/web\": \(text)"))
        rig.send(.probed(.free(probe(250))))
        #expect(rig.address(of: "web") == "192.168.1.250")
    }

    /// It is far from those that are given next.
    @Test func whatAServiceAsksForIsProbedFirst() {
        var rig = Rig(links: [Rig.link(2, "eth0", "10.0.0.1/8")])
        rig.answersProbes = false
        rig.send(.pools(Rig.pools("10.1.0.0/16"), from: .file))
        rig.sync()
        rig.pass(.seconds(1))
        for probe in probed(rig) { rig.send(.probed(.free(probe))) }
        rig.clear()
        rig.put(.named("web", address: "10.1.200.1"))
        #expect(probed(rig).map(\.address.description) == ["10.1.200.1"])
        if let probe = probed(rig).first { rig.send(.probed(.free(probe))) }
        #expect(rig.address(of: "web") == "10.1.200.1")
    }

    /// Nobody else can have had it meanwhile.
    @Test func whatAServiceGaveUpIsGivenAtOnce() {
        var rig = leader()
        rig.send(.probed(.free(probe(240))))
        rig.put(.named("web"))
        rig.delete("web")
        rig.put(.named("next"))
        #expect(rig.address(of: "next") == "192.168.1.240")
    }

    @Test func whenOthersUseAllThatIsTold() {
        var rig = leader(pools: Rig.pools("192.168.1.240-192.168.1.241"))
        rig.put(.named("web"))
        for last in 240...241 { rig.send(.probed(.used(probe(last), by: Self.foreigner))) }
        #expect(rig.messages.contains { $0.contains("no free IPv4 address in any pool") })
    }

    @Test func whatCannotBeProbedIsTriedAgain() {
        var rig = leader(pools: Rig.pools("192.168.1.240-192.168.1.240"))
        rig.put(.named("web"))
        rig.send(.probed(.failed(probe(240))))
        rig.clear()
        rig.pass(.seconds(3))
        #expect(probed(rig) == [probe(240)] && rig.address(of: "web") == nil)
        rig.send(.probed(.free(probe(240))))
        #expect(rig.address(of: "web") == "192.168.1.240")
    }

    // MARK: Nodes of the cluster

    /// A leader beside the node pi2 at 192.168.1.12.
    private func leaderInCompany() -> Rig {
        var rig = leader(pools: Rig.pools("192.168.1.240-192.168.1.240"))
        rig.renew("pi2")
        rig.clear()
        return rig
    }

    private static let question = Question(.v4(IPv4Address(rawValue: 0xC0A8_010C)), on: 2)

    /// It still answers for what it had: it is asked again soon, and nobody is told.
    @Test func aNodeOfTheClusterIsNoForeigner() {
        var rig = leaderInCompany()
        rig.put(.named("web"))
        rig.send(.probed(.used(probe(240), by: Self.peer)))
        #expect(asked(rig) == [Self.question])
        rig.send(.asked(.answered(Self.question, by: Self.peer)))
        rig.send(.asked(.ended(Self.question, answers: [Self.peer])))
        #expect(warnings(rig).isEmpty && rig.messages.isEmpty && rig.address(of: "web") == nil)
        rig.clear()
        rig.pass(.seconds(15))
        #expect(probed(rig) == [probe(240)])
        rig.send(.probed(.free(probe(240))))
        #expect(rig.address(of: "web") == "192.168.1.240")
    }

    /// In a network of IPv6 alone there is nothing else to know it by.
    @Test func aNodeIsAskedForItsIPv6AddressToo() throws {
        var rig = leaderInCompany()
        rig.send(.links([Rig.link(2, "eth0", "fd00:1::11/64")]))
        rig.renew("pi2", addresses: "fd00:1::12/64")
        rig.clear()
        rig.send(.probed(.used(probe(240), by: Self.peer)))
        let question = Question(try #require(IPAddress("fd00:1::12")), on: 2)
        #expect(asked(rig) == [question])
        rig.send(.asked(.answered(question, by: Self.peer)))
        rig.send(.asked(.ended(question, answers: [Self.peer])))
        #expect(warnings(rig).isEmpty)
    }

    @Test func whoeverIsNoNodeIsAForeigner() {
        var rig = leaderInCompany()
        rig.send(.probed(.used(probe(240), by: Self.foreigner)))
        #expect(warnings(rig).isEmpty)
        rig.send(.asked(.answered(Self.question, by: Self.peer)))
        rig.send(.asked(.ended(Self.question, answers: [Self.peer])))
        #expect(warnings(rig).count == 1)
    }

    @Test func aNodeThatDoesNotAnswerForItselfIsNotWaitedFor() {
        var rig = leaderInCompany()
        rig.send(.probed(.used(probe(240), by: Self.foreigner)))
        rig.send(.asked(.failed(Self.question)))
        #expect(warnings(rig).count == 1)
    }

    // MARK: Who appears later

    private func watching(_ rig: Rig) -> [UInt32]? {
        rig.directives.compactMap { if case .watch(on: let interfaces) = $0 { interfaces } else { nil } }.last
    }

    private func defended(_ rig: Rig) -> Int { rig.directives.count { $0 == .defend(Claim(address(240), on: 2)) } }

    /// Whoever takes a free address is heard, though it is not probed for half an hour.
    @Test func theLeaderHearsWhoTakesAFreeAddress() {
        var rig = leader()
        #expect(watching(rig) == [2])
        for last in 240...250 { rig.send(.probed(.free(probe(last)))) }
        rig.send(.probed(.seen(probe(240), by: Self.foreigner)))
        #expect(warnings(rig).count == 1)
        rig.put(.named("web"))
        #expect(rig.address(of: "web") == "192.168.1.241")
    }

    /// This node answers for .240 of the Service web.
    private func owner() -> Rig {
        var rig = Rig.leader(services: [.named("web")])
        rig.putEndpoints("web", on: ["pi1"])
        rig.pass(.seconds(1))
        rig.clear()
        return rig
    }

    @Test func anOwnerDefendsItsAddressAndTells() {
        var rig = owner()
        rig.send(.probed(.seen(probe(240), by: Self.foreigner)))
        #expect(defended(rig) == 1)
        let text =
            "192.168.1.240 of \"default/web\" is also used by another host, b8:27:eb:12:34:56: change one of the two"
        #expect(rig.events.map(\.reason) == ["AddressConflict"] && rig.messages == [text])
        #expect(rig.records.contains(.contested))
        #expect(rig.node.overview(at: rig.now).problems.contains { $0.contains("b8:27:eb:12:34:56") })
        // Once in ten seconds (RFC 5227 section 2.4), and it is no news any more.
        rig.pass(.milliseconds(9_900))
        rig.send(.probed(.seen(probe(240), by: Self.foreigner)))
        #expect(defended(rig) == 1)
        rig.pass(.milliseconds(200))
        rig.send(.probed(.seen(probe(240), by: Self.foreigner)))
        #expect(defended(rig) == 2 && rig.events.count == 1)
        #expect(rig.releases.isEmpty && rig.address(of: "web") == "192.168.1.240")
    }

    /// What was defended in vain is answered for by nobody, where the settings want that, until the other host is gone.
    @Test func anAddressIsWithdrawnWhereDefendingItIsInVain() {
        let settings = Settings(nodeName: "pi1", instanceID: "a", withdraws: true)
        var rig = Rig.leader(settings, services: [.named("web")])
        rig.putEndpoints("web", on: ["pi1"])
        rig.pass(.seconds(1))
        rig.answersProbes = false
        rig.clear()
        rig.send(.probed(.seen(probe(240), by: Self.foreigner)))
        #expect(defended(rig) == 1 && rig.releases.isEmpty)
        rig.pass(.seconds(1))
        rig.send(.probed(.seen(probe(240), by: Self.foreigner)))
        #expect(rig.releases.count == 1 && rig.events.map(\.reason) == ["AddressConflict", "AddressConflict"])
        #expect(rig.address(of: "web") == "192.168.1.240", "the Service keeps it")
        let shown = rig.node.overview(at: rig.now).services.first
        #expect(shown?.problem?.contains("another host uses it too") == true)
        rig.clear()
        rig.pass(.seconds(299))
        #expect(!rig.directives.contains(.probe(probe(240))))
        rig.pass(.seconds(2))
        #expect(rig.directives.contains(.probe(probe(240))))
        rig.send(.probed(.used(probe(240), by: Self.foreigner)))
        #expect(rig.answered.isEmpty)
        rig.clear()
        rig.pass(.seconds(301))
        #expect(rig.directives.contains(.probe(probe(240))))
        rig.send(.probed(.free(probe(240))))
        #expect(rig.answered.count == 1)
    }

    /// Nobody takes over what another node has withdrawn; the first in the order looks for the other host.
    @Test func whatAnotherHasWithdrawnIsNotTakenOver() {
        var rig = owner()
        rig.send(Group.member("pi2"))
        rig.send(Group.claims([address(240)], by: "?", epoch: 9))
        #expect(rig.answered.isEmpty && rig.releases.count == 1)
        rig.pass(.seconds(60))
        #expect(rig.answered.isEmpty)
        rig.delete("web")
        rig.put(.named("api"))
        rig.putEndpoints("api", on: ["pi1"])
        rig.pass(.seconds(5))
        #expect(rig.answered.count == 1, "another Service begins anew")
    }

    @Test func whoTakesAnAddressOverIsNoForeigner() {
        var rig = owner()
        rig.renew("pi2")
        rig.send(.probed(.seen(probe(240), by: Self.peer)))
        rig.send(.asked(.answered(Self.question, by: Self.peer)))
        rig.send(.asked(.ended(Self.question, answers: [Self.peer])))
        #expect(defended(rig) == 0 && rig.events.isEmpty)
        // It is known by now, and not asked for again.
        rig.clear()
        rig.send(.probed(.seen(probe(240), by: Self.peer)))
        #expect(asked(rig).isEmpty && defended(rig) == 0)
    }

    /// Its owner announces it, wherever that is.
    @Test func whoAnswersForTheAddressOfAServiceIsNotTheLeadersBusiness() {
        var rig = Rig.leader(services: [.named("web")])
        rig.clear()
        rig.send(.probed(.seen(probe(240), by: Self.peer)))
        #expect(asked(rig).isEmpty && warnings(rig).isEmpty && defended(rig) == 0)
    }

    @Test func whoNeitherLeadsNorAnswersDoesNotWatch() {
        var rig = Rig(Settings(nodeName: "pi1", instanceID: "a", allocation: .never))
        rig.send(.pools(Rig.pool, from: .file))
        rig.put(.named("web", ingress: ["192.168.1.240"]))
        rig.sync()
        rig.pass(.seconds(1))
        #expect(watching(rig) == nil)
        rig.putEndpoints("web", on: ["pi1"])
        rig.pass(.seconds(15))
        #expect(watching(rig) == [2])
        rig.delete("web")
        #expect(watching(rig) == [])
    }

    @Test func theLeaderWatchesWhereThePoolsAre() {
        let links = [Rig.link(), Rig.link(3, "eth1", "10.9.0.1/24"), Rig.link(4, "eth2", "192.168.1.12/25")]
        var rig = Rig(links: links)
        rig.send(.pools(Rig.pool, from: .file))
        rig.sync()
        rig.pass(.seconds(1))
        #expect(watching(rig) == [2])
        rig.send(.pools(Rig.pools("192.168.1.100-192.168.1.110"), from: .file))
        #expect(watching(rig) == [2, 4])
    }
}
