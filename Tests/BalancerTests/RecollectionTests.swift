import ARP
import KubeWatch
import NetLink
import Testing
import Wire

@testable import Balancer

/// A daemon starts while the API server is away, and the one before it kept what it knew.
@Suite struct RecollectionTests {
    private static let address = IPAddress.v4(IPv4Address(rawValue: 0xC0A8_01F0))
    private static let claim = Claim(address, on: 2)
    private static let memory = Saved(announced: [:], remembered: [address: [.named("a")]])
    private static let gateway = Gateway(IPv4Address(rawValue: 0xC0A8_0101), on: 2)
    private static let question = ARP.Question(.v4(gateway.address), on: 2)
    private static let foreigner = MACAddress(rawValue: 0x0242_FFFF_0001)

    /// A daemon that has just started, with pools from the file.
    private func rig(saved: Saved? = memory, inheritance: Inheritance? = nil, answersProbes: Bool = true) -> Rig {
        var rig = Rig(saved: saved, inheritance: inheritance)
        rig.answersProbes = answersProbes
        rig.send(.pools(Rig.pool, from: .file))
        return rig
    }

    /// The same, which goes by memory and has the address.
    private func server(saved: Saved? = memory) -> Rig {
        var rig = rig(saved: saved)
        rig.pass(Recollection.patience)
        #expect(rig.answered == [Self.address])
        rig.clear()
        return rig
    }

    /// Tells it what the API server knows, which has no Lease of this node's.
    private func hear(_ rig: inout Rig, services: [Service] = [.named("a", ingress: ["192.168.1.240"])]) {
        for service in services {
            rig.put(service)
            rig.putEndpoints(service.metadata.key.name, on: ["pi1"])
        }
        rig.sync()
        rig.pass(.seconds(2))
    }

    private func kept(_ rig: Rig) -> [IPAddress: [ObjectKey]] { rig.node.announcer.saved.remembered }

    // MARK: What is kept

    @Test func whatThisNodeCouldAnswerForIsKept() {
        var rig = Rig.leader()
        for name in ["a", "b", "c"] { rig.put(.named(name)) }
        rig.change("b") { $0.isTrafficLocal = true }
        rig.change("c") { $0.isTrafficLocal = true }
        rig.putEndpoints("a", on: ["pi2"])
        rig.putEndpoints("b", on: ["pi1", "pi2"])
        rig.putEndpoints("c", on: ["pi2"])
        rig.pass(.seconds(1))
        let saved = rig.directives.compactMap { if case .save(let saved) = $0 { saved } else { nil } }.last
        #expect(saved?.remembered.values.sorted { $0[0] < $1[0] } == [[.named("a")], [.named("b")]])
        #expect(saved?.remembered[Self.address] == [.named("a")])
        rig.putEndpoints("b", on: ["pi2"])
        #expect(kept(rig) == [Self.address: [.named("a")]])
        rig.delete("a")
        #expect(kept(rig).isEmpty)
    }

    @Test func aNodeThatMayNotAnswerKeepsNothing() {
        var rig = Rig.leader(services: [.named("a")])
        rig.putEndpoints("a", on: ["pi2"])
        #expect(kept(rig).count == 1)
        var node = Node(metadata: rig.meta("", "pi1"))
        node.isExcluded = true
        rig.send(.change(.upserted(.node(node))))
        #expect(kept(rig).isEmpty)
    }

    /// Nobody hears it, but it is the network that is gone and not the Service.
    @Test func aNodeWithoutNetworkForgetsNothing() {
        var rig = Rig.leader(services: [.named("a")])
        rig.putEndpoints("a", on: ["pi1"])
        rig.send(.links([Rig.link(isUp: false)]))
        #expect(rig.answered.isEmpty && kept(rig).count == 1)
    }

    @Test func onlySoManyAddressesAreKept() {
        var announcer = Announcer()
        var turn = Turn(at: .zero, using: PRNG(seed: 1))
        let names = (0..<20).map { ObjectKey.named("service-\($0)") }
        for number in 0..<UInt32(Recollection.addressLimit + 1) {
            announcer.remember(names, at: .v4(IPv4Address(rawValue: 0x0A00_0000 + number)), in: &turn)
        }
        #expect(announcer.saved.remembered.count == Recollection.addressLimit)
        #expect(announcer.saved.remembered.values.allSatisfy { $0.count == Recollection.serviceLimit })
        let more = Dictionary(
            uniqueKeysWithValues: (0..<2_000).map { (IPAddress.v4(IPv4Address(rawValue: $0)), names) })
        #expect(Saved(remembered: more).remembered.count == Recollection.addressLimit)
    }

    // MARK: When it counts

    @Test func whatWasKnownLastIsServedWhileTheServerIsSilent() {
        var rig = rig()
        rig.pass(Recollection.patience - .milliseconds(1))
        #expect(rig.answered.isEmpty && rig.node.gossip.told?.takesPart == false)
        rig.pass(.milliseconds(1))
        #expect(rig.claims == [Self.claim])
        #expect(rig.records.contains(.recollecting))
        #expect(rig.registersTold(to: .group)[Self.address] == Register(epoch: 1, owner: "pi1"))
        let told = rig.node.gossip.told
        #expect(told?.takesPart == true && told?.presence.isReturning == true, "it comes last")
        #expect(rig.status?.contains("serving what was known last") == true)
        #expect(rig.status?.contains("announcing 1 of 1 service on eth0") == true)
        let service = rig.node.overview(at: rig.now).services.first
        #expect(service?.name == "a" && service?.addresses.first?.owner == "pi1")
        rig.pass(.seconds(600))
        #expect(rig.writes { _ in true }.isEmpty, "it leads nobody and has no Lease")
        #expect(kept(rig) == Self.memory.remembered)
    }

    @Test func whoeverRemembersNothingAnswersForNothing() {
        var rig = rig(saved: Saved(announced: ["uid-a": ["192.168.1.240"]]))
        rig.pass(.seconds(60))
        #expect(rig.claims.isEmpty && rig.node.gossip.told?.takesPart == false)
    }

    @Test(arguments: [Change.synced(.service), .forbidden(.service, message: "no")])
    func aServerThatAnswersIsThere(change: Change) {
        var rig = rig()
        rig.send(.change(change))
        rig.pass(.seconds(60))
        #expect(rig.claims.isEmpty)
        rig.send(.change(.interrupted(.service, reason: "gone")))
        rig.pass(Recollection.patience)
        #expect(rig.claims.isEmpty == (change != .synced(.service)), "it may go away again before all is told")
    }

    @Test func aServerThatAnswersAndTellsTooLittleEndsIt() {
        var rig = server()
        rig.send(.change(.forbidden(.lease, message: "no")))
        rig.pass(Recollection.listLimit - .milliseconds(1))
        #expect(rig.releases.isEmpty)
        rig.pass(.milliseconds(1))
        #expect(rig.releases == [Self.claim])
        #expect(rig.node.gossip.told?.takesPart == false)
    }

    @Test func onlyWhatIsInAPoolAndInReachIsServed() {
        let elsewhere = IPAddress.v4(IPv4Address(rawValue: 0xC0A8_0201))
        let other = IPAddress.v4(IPv4Address(rawValue: 0xC0A8_01FE))
        var rig = Rig(saved: Saved(remembered: [elsewhere: [.named("a")], other: [.named("b")]]))
        rig.send(.pools(Rig.pools("192.168.1.240-192.168.1.250", "192.168.2.0/24"), from: .file))
        rig.pass(.seconds(60))
        #expect(rig.claims.isEmpty)
    }

    @Test func poolsAndLinksMayComeLater() {
        var rig = Rig(saved: Self.memory, links: nil)
        rig.pass(.seconds(60))
        rig.send(.links([Rig.link()]))
        #expect(rig.claims.isEmpty)
        rig.send(.pools(Rig.pool, from: .file))
        #expect(rig.claims == [Self.claim])
    }

    @Test func whatWasInheritedStays() throws {
        let second = try #require(IPAddress("192.168.1.241"))
        let inheritance = Inheritance(claims: [Self.claim, Claim(second, on: 2)], leftAt: .zero)
        var rig = rig(inheritance: inheritance, answersProbes: false)
        rig.pass(.seconds(60))
        #expect(rig.answered == [Self.address, second] && rig.releases.isEmpty)
    }

    // MARK: Among others

    @Test func anOwnerThatLivesKeepsIt() {
        var rig = rig(answersProbes: false)
        rig.send(Group.member("pi2"))
        rig.send(Group.claims([Self.address], by: "pi2", epoch: 4))
        rig.pass(Recollection.patience + .seconds(20))
        #expect(rig.answered.isEmpty)
        // It has answered until now: nobody else can have the address.
        rig.send(.heartbeat(.silent("pi2", for: .milliseconds(214))))
        #expect(rig.answered == [Self.address])
        #expect(rig.registersTold(to: .group)[Self.address] == Register(epoch: 5, owner: "pi1"))
    }

    /// It may not have found out yet whether another host has the address.
    @Test func whatAnOwnerHadForAMomentIsLookedForFirst() {
        var rig = rig(answersProbes: false)
        rig.pass(Recollection.patience)
        rig.send(Group.member("pi2"))
        rig.send(Group.claims([Self.address], by: "pi2", epoch: 4))
        rig.pass(.seconds(2))
        rig.send(.heartbeat(.silent("pi2", for: .milliseconds(214))))
        rig.pass(.seconds(30))
        #expect(rig.answered.isEmpty)
        rig.send(.probed(.free(.init(Self.address, on: 2))))
        #expect(rig.answered == [Self.address])
    }

    /// Nobody answered for it meanwhile.
    @Test func whatWasVacantForLongIsLookedForFirst() {
        var rig = rig(answersProbes: false)
        rig.gateways = [Self.gateway]
        rig.hearsGateways = false
        rig.send(Group.member("pi2"))
        rig.send(Group.claims([Self.address], by: "pi2", epoch: 4))
        rig.pass(.seconds(40))
        rig.send(.heartbeat(.silent("pi2", for: .milliseconds(214))))
        rig.pass(.seconds(6))
        rig.send(.asked(.answered(Self.question, by: Self.foreigner)))
        rig.pass(.seconds(6))
        #expect(rig.answered.isEmpty && rig.directives.contains(.probe(.init(Self.address, on: 2))))
    }

    @Test func whoIsCutOffFallsSilent() {
        var rig = Rig(saved: Self.memory)
        rig.gateways = [Self.gateway]
        rig.hearsGateways = false
        rig.send(.pools(Rig.pool, from: .file))
        rig.pass(Recollection.patience)
        rig.send(Group.member("pi2"))
        rig.send(.heartbeat(.silent("pi2", for: .milliseconds(214))))
        rig.send(.asked(.ended(Self.question, answers: [])))
        #expect(rig.directives.contains(.answer(false)))
        #expect(rig.node.gossip.told?.presence.isNowhere == true)
    }

    @Test func whoeverKnowsTheListsComesFirst() {
        var rig = rig()
        // Its question is answered: nobody has anything.
        rig.send(Group.member("pi2"))
        rig.pass(Recollection.patience)
        rig.send(Group.claims([], by: "pi2", answering: rig.question))
        rig.pass(.milliseconds(299))
        #expect(rig.registersTold(to: .group).isEmpty)
        rig.pass(.milliseconds(1))
        #expect(rig.answered == [Self.address], "it does not come forward")
        rig = self.rig()
        rig.send(Group.member("pi2", presence: "192.168.1.12/24,returning"))
        rig.pass(Recollection.patience)
        rig.send(Group.claims([], by: "pi2", answering: rig.question))
        let isFirst = Election.order(["pi1", "pi2"], for: "\(Self.address)").first == "pi1"
        #expect(rig.answered.isEmpty == !isFirst, "of two like it the order decides")
        rig.pass(.milliseconds(300))
        #expect(rig.answered == [Self.address])
    }

    @Test func whatIsNobodysAnyMoreIsLeftAlone() {
        var rig = rig()
        rig.send(Group.member("pi2"))
        rig.pass(Recollection.patience)
        rig.send(Group.freed(Self.address, by: "pi2", epoch: 7))
        rig.send(Group.claims([], by: "pi2", answering: rig.question))
        rig.pass(.seconds(60))
        #expect(rig.answered.isEmpty)
    }

    @Test func aStopHandsOverToOthersOfItsKind() {
        var rig = server()
        rig.send(Group.member("pi2", presence: "192.168.1.12/24,returning"))
        rig.send(.stop)
        rig.pass(.milliseconds(500))
        #expect(rig.answered == [Self.address])
        rig.send(Group.claims([Self.address], by: "pi2", epoch: 2))
        rig.pass(.milliseconds(500))
        #expect(rig.answered.isEmpty)
    }

    // MARK: Other hosts

    @Test func nothingIsAnsweredBeforeItIsLookedFor() {
        var rig = rig(answersProbes: false)
        rig.pass(.seconds(60))
        #expect(rig.directives.contains(.probe(.init(Self.address, on: 2))))
        #expect(rig.answered.isEmpty)
        rig.send(.probed(.failed(.init(Self.address, on: 2))))
        rig.pass(.seconds(60))
        #expect(rig.answered.isEmpty, "the cable was not in yet")
        rig.answersProbes = true
        rig.send(.probed(.failed(.init(Self.address, on: 2))))
        rig.pass(.seconds(60))
        #expect(rig.answered == [Self.address])
    }

    @Test func whatAnotherHostHasTakenIsLeftToIt() {
        var rig = rig()
        rig.stations[Self.address] = Self.foreigner
        rig.pass(.seconds(60))
        #expect(rig.answered.isEmpty)
        #expect(rig.records.contains(.addressUsedElsewhere))
        #expect(rig.registersTold(to: .group)[Self.address]?.owner == Register.contested)
        #expect(rig.node.overview(at: rig.now).services.first?.problem?.contains("another host") == true)
        hear(&rig)
        rig.pass(.seconds(60))
        #expect(rig.answered.isEmpty, "also once the lists are complete")
        rig.stations = [:]
        rig.pass(.seconds(600))
        #expect(rig.answered == [Self.address], "the host has given it up")
    }

    @Test func whatIsServedIsDefended() {
        var rig = server()
        #expect(rig.node.lastWatched == [2])
        rig.send(.probed(.seen(.init(Self.address, on: 2), by: Self.foreigner)))
        #expect(rig.directives.contains(.defend(Self.claim)))
        #expect(rig.answered == [Self.address])
    }

    // MARK: The lists come

    @Test func theListsMoveNothing() {
        var rig = server(saved: Saved(announced: ["uid-a": ["192.168.1.240"]], remembered: Self.memory.remembered))
        hear(&rig)
        #expect(rig.claims.isEmpty && rig.releases.isEmpty && rig.events.isEmpty)
        #expect(
            !rig.directives.contains { if case .heartbeat(.claims(count: 0, digest: _)) = $0 { true } else { false } })
        let told = rig.node.gossip.told
        #expect(told?.takesPart == true && told?.presence.isReturning == false)
        #expect(rig.lease("lbd-node-pi1") != nil)
        #expect(rig.status?.hasPrefix("announcing 1 of 1 service on eth0") == true)
        rig.pass(.seconds(60))
        #expect(rig.answered == [Self.address] && rig.releases.isEmpty)
        #expect(kept(rig) == Self.memory.remembered)
        #expect(rig.node.announcer.saved.announced == ["uid-a": ["192.168.1.240"]])
    }

    @Test func whatIsNewThenIsTakenAtOnce() {
        var rig = server()
        hear(&rig, services: [.named("a", ingress: ["192.168.1.240"]), .named("b", ingress: ["192.168.1.241"])])
        #expect(rig.answered.count == 2)
    }

    /// Its Lease is yet to be written, since a planned stop has deleted it.
    @Test func noOtherIsToldMeanwhileThatThisNodeIsAway() {
        var rig = server()
        rig.answersLeases = false
        hear(&rig)
        #expect(rig.answered == [Self.address] && rig.node.gossip.told?.takesPart == true)
    }

    @Test func whatIsGoneIsReleased() {
        var rig = server()
        hear(&rig, services: [])
        #expect(rig.releases == [Self.claim])
        #expect(rig.registersTold(to: .group)[Self.address]?.owner == Register.nobody)
        #expect(kept(rig).isEmpty)
    }
}
