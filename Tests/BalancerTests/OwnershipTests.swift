import Heartbeat
import KubeWatch
import SWIM
import Testing
import Wire

@testable import Balancer

/// Who answers for an address, as the daemons agree on it by their registers.
@Suite struct OwnershipTests {
    static let names = (0..<20).map { "service-\($0)" }
    static let addresses = (100..<120).compactMap { IPAddress("192.168.1.\($0)") }
    /// The addresses whose order pi1, and pi2, comes first in, of the two.
    static let first = addresses.filter { Election.order(["pi1", "pi2"], for: $0.description).first == "pi1" }
    static let second = addresses.filter { !first.contains($0) }

    func fill(_ rig: inout Rig, on nodes: [String] = ["pi1"]) {
        for name in Self.names {
            rig.put(.named(name))
            rig.putEndpoints(name, on: nodes)
        }
    }

    /// pi1, which leads, and pi2, each with its share of twenty Services.
    func pair(_ settings: Settings = Settings(nodeName: "pi1", instanceID: "a")) -> Rig {
        var rig = Rig(settings)
        rig.send(.pools(Rig.pools("192.168.1.100-192.168.1.119"), from: .file))
        rig.sync()
        rig.pass(.seconds(1))
        rig.renew("pi2")
        rig.send(Group.member("pi2"))
        fill(&rig)
        rig.send(Group.claims(Self.second, by: "pi2"))
        rig.clear()
        return rig
    }

    // MARK: Taking over, and giving up

    @Test func aDeadOwnersAddressesAreTakenAndNotGivenBack() {
        var rig = pair()
        #expect(rig.answered == Set(Self.first))
        rig.send(.heartbeat(.silent("pi2", for: .milliseconds(214))))
        #expect(rig.answered == Set(Self.addresses))
        let told = rig.registersTold(to: .group)
        #expect(told == Dictionary(uniqueKeysWithValues: Self.second.map { ($0, Register(epoch: 2, owner: "pi1")) }))
        rig.send(.heartbeat(.heard("pi2")))
        rig.send(Group.member("pi2", instance: 8, incarnation: 2))
        rig.pass(.seconds(60))
        #expect(rig.answered == Set(Self.addresses))
    }

    @Test func aLaterEpochWinsAndAnEarlierOneIsToldSo() throws {
        var rig = pair()
        let address = try #require(Self.first.first)
        rig.send(Group.claims([address], by: "pi2", epoch: 2))
        #expect(!rig.answered.contains(address))
        rig.send(Group.claims([address], by: "pi3", epoch: 1))
        #expect(rig.registersTold(to: .member("pi3")) == [address: Register(epoch: 2, owner: "pi2")])
        #expect(!rig.answered.contains(address))
    }

    /// Its clients may have believed this node last.
    @Test func whoGivesUpTellsTheOtherToAnnounceIt() throws {
        var rig = pair()
        let address = try #require(Self.first.first)
        rig.send(Group.claims([address], by: "pi2", epoch: 2))
        #expect(rig.registersTold(to: .member("pi2")) == [address: Register(epoch: 1, owner: "pi1")])
        rig.clear()
        rig.send(.heartbeat(.silent("pi2", for: .milliseconds(214))))
        rig.pass(.milliseconds(300))
        rig.clear()
        rig.send(Group.claims([address], by: "pi2", epoch: 2))
        #expect(rig.directives.contains(.announceAll))
    }

    /// Two took it at a time: the order of the address decides, for both alike. Whoever keeps it announces it again.
    @Test func ofTwoEqualEpochsTheOrderDecides() throws {
        var rig = pair()
        let (mine, theirs) = (try #require(Self.first.first), try #require(Self.second.first))
        rig.send(.heartbeat(.silent("pi2", for: .milliseconds(214))))
        rig.send(.heartbeat(.heard("pi2")))
        rig.clear()
        rig.send(Group.claims([mine], by: "pi2", epoch: 1))
        rig.send(Group.claims([theirs], by: "pi2", epoch: 2))
        #expect(rig.answered == Set(Self.addresses).subtracting([theirs]))
        #expect(rig.directives.contains(.announceAll))
        #expect(rig.registersTold(to: .member("pi2"))[mine] == Register(epoch: 1, owner: "pi1"))
    }

    /// The first in the order does not come forward: perhaps it has died too.
    @Test func whatNobodyTakesIsTakenByTheNextInTheOrder() throws {
        var rig = Rig.leader(pools: Rig.pools("192.168.1.100-192.168.1.119"))
        rig.send(Group.member("pi2"))
        fill(&rig)
        #expect(rig.answered == Set(Self.first))
        rig.pass(.milliseconds(299))
        #expect(rig.answered == Set(Self.first))
        rig.pass(.milliseconds(1))
        #expect(rig.answered == Set(Self.addresses))
    }

    /// Neither of the two believes that the other can answer: they do not take it from one another as fast as they can.
    @Test func whatIsTakenAwayIsNotTakenBackAtOnce() throws {
        var rig = pair()
        rig.send(.heartbeat(.silent("pi2", for: .milliseconds(214))))
        let address = try #require(Self.first.first)
        rig.pass(.milliseconds(100))
        for epoch in UInt64(2)...40 where epoch % 2 == 0 {
            rig.send(Group.claims([address], by: "pi2", epoch: epoch))
            rig.pass(.milliseconds(10))
        }
        let told = rig.posted.filter { $0.to == .group && $0.message.body != .wanted(question: rig.question) }
        #expect(told.count <= 5)
    }

    // MARK: Beginning

    /// Whoever has just begun does not know who has what; what it has kept from before may be over.
    @Test func aNewDaemonAsksBeforeItAnswers() {
        var rig = Rig()
        rig.send(.pools(Rig.pools("192.168.1.100-192.168.1.119"), from: .file))
        rig.send(Group.member("pi2"))
        rig.renew("pi2")
        fill(&rig)
        rig.sync()
        rig.renew("pi1", addresses: "192.168.1.11/24")
        rig.pass(.milliseconds(700))
        #expect(rig.questions(to: .group) == 3)
        #expect(rig.answered.isEmpty)
        rig.send(Group.claims(Self.addresses.dropLast(), by: "pi2", epoch: 4, answering: rig.question))
        rig.pass(.seconds(1))
        #expect(rig.answered == Set(Self.addresses.suffix(1)))
    }

    /// All were restarted at once: the others are heard one after the other.
    @Test func whoIsNotMetYetHasTwoSecondsToCome() {
        var rig = Rig()
        rig.send(.pools(Rig.pools("192.168.1.100-192.168.1.119"), from: .file))
        rig.send(Group.member("pi2"))
        rig.renew("pi2")
        rig.renew("pi3")
        fill(&rig)
        rig.sync()
        rig.renew("pi1", addresses: "192.168.1.11/24")
        rig.send(Group.claims([], by: "pi2", answering: rig.question))
        rig.pass(.milliseconds(1_900))
        #expect(rig.answered.isEmpty)
        rig.send(Group.claims(Self.addresses.dropLast(), by: "pi3"))
        rig.send(Group.member("pi3"))
        rig.pass(.milliseconds(1))
        rig.pass(.seconds(1))
        #expect(rig.answered.isSubset(of: Self.addresses.suffix(1)))
    }

    @Test func whoseQuestionNobodyAnswersWaitsUntilItsLeaseIsKnown() {
        var rig = Rig()
        rig.send(.pools(Rig.pools("192.168.1.100-192.168.1.119"), from: .file))
        rig.renew("pi2")
        rig.sync()
        rig.pass(.seconds(1))
        fill(&rig)
        rig.pass(.seconds(10))
        #expect(rig.answered.isEmpty)
        rig.renew("pi2")
        rig.pass(.seconds(1))
        #expect(rig.answered == Set(Self.first), "by the order: pi2 cannot hear of registers")
    }

    @Test func theDaemonAfterARestartKeepsItsEpochs() throws {
        var rig = pair()
        rig.send(.heartbeat(.silent("pi2", for: .milliseconds(214))))
        rig.send(.restart)
        var left: Inheritance?
        for case .bequeath(let inheritance) in rig.directives { left = inheritance }
        let inheritance = try #require(left)
        let heir = Rig(inheritance: inheritance, at: rig.now.advanced(by: .seconds(1)))
        #expect(heir.answered == Set(Self.addresses))
        for address in Self.second { #expect(heir.node.ownership.registers[address]?.epoch == 2) }
        #expect(
            heir.directives.contains { directive in
                guard case .gossip(.metadata(let bytes)) = directive else { return false }
                return Metadata(bytes)?.takesPart == true
            }, "it answers already")
    }

    @Test func whatWasTakenDuringARestartIsGivenUpBeforeAnythingElseIsKnown() throws {
        let claim = Claim(try #require(Self.first.first), on: 2)
        var rig = Rig(
            inheritance: Inheritance(claims: [claim], epochs: [claim.address: 3], leftAt: .zero),
            at: .zero.advanced(by: .seconds(6)))
        #expect(rig.answered == [claim.address])
        rig.send(Group.claims([claim.address], by: "pi2", epoch: 4))
        #expect(rig.answered.isEmpty)
    }

    /// The gossip's news may come from one that was cut off; and of one that is being restarted, the beats know how long to
    /// wait.
    @Test func anOwnerKeepsItsAddressesUntilTheBeatsCallItSilent() {
        var rig = pair()
        rig.send(.heartbeat(.answering("pi2", true)))
        rig.send(Group.member("pi2", .suspect))
        rig.send(Group.member("pi2", .dead))
        #expect(rig.answered == Set(Self.first))
        let unwatched = Directive.heartbeat(.members([:]))
        #expect(!rig.directives.contains(unwatched), "the beats have to listen on")
        rig.send(.heartbeat(.silent("pi2", for: .seconds(5))))
        #expect(rig.answered == Set(Self.addresses))
        #expect(rig.directives.contains(unwatched))
    }

    @Test func whoAnswersForNothingIsJudgedByTheGossip() {
        var rig = pair()
        rig.send(.heartbeat(.answering("pi2", true)))
        rig.send(.heartbeat(.answering("pi2", false)))
        rig.send(Group.member("pi2", .dead))
        #expect(rig.answered == Set(Self.addresses))
    }

    @Test func whoHasLeftIsGoneWhateverItsBeatsTold() {
        var rig = pair()
        rig.send(.heartbeat(.answering("pi2", true)))
        rig.send(Group.member("pi2", .left))
        #expect(rig.answered == Set(Self.addresses))
    }

    /// Whose beats are heard need not be pinged by the gossip as often as others.
    @Test func theGossipIsToldWhoBeats() {
        var rig = pair()
        rig.send(Group.member("pi2"))
        rig.send(.heartbeat(.answering("pi2", true)))
        #expect(rig.directives.contains(.gossip(.knownAlive(["pi2"]))))
        rig.send(.heartbeat(.silent("pi2", for: .milliseconds(214))))
        #expect(rig.directives.contains(.gossip(.knownAlive([]))))
    }

    /// After a cut the beats of an owner come before the gossip has reached it again: what it answers for is not free.
    @Test func whomTheGossipCallsDeadAndWhoBeatsKeepsItsAddresses() {
        var rig = pair()
        rig.send(Group.member("pi2", .dead))
        rig.send(.heartbeat(.heard("pi2")))
        rig.send(.heartbeat(.answering("pi2", true)))
        #expect(rig.directives.contains(.heartbeat(.members(["pi2": 7]))))
        rig.send(.heartbeat(.silent("pi2", for: .milliseconds(214))))
        rig.clear()
        rig.send(Group.member("pi2", .left))
        rig.send(.heartbeat(.answering("pi2", true)))
        #expect(!rig.directives.contains(.heartbeat(.members(["pi2": 7]))), "that was its last beat")
    }

    @Test func whoIsBackFromARestartIsJudgedByTheGossipAgain() {
        var rig = pair()
        rig.send(.heartbeat(.answering("pi2", true)))
        rig.send(Group.member("pi2", .dead))
        rig.send(Group.member("pi2", instance: 8, incarnation: 2))
        #expect(rig.answered == Set(Self.first))
        rig.send(Group.member("pi2", .dead, instance: 8, incarnation: 2))
        #expect(rig.answered == Set(Self.addresses))
    }

    // MARK: Differences

    /// With each beat, until an answer comes: it may have been lost. One that brings nothing new is asked for again later.
    @Test func whoSaysThatItHasOtherAddressesIsAskedWhich() {
        var rig = pair()
        for count in 1...5 {
            rig.send(.heartbeat(.differs("pi2")))
            #expect(rig.questions(to: .member("pi2")) == count)
            rig.pass(.milliseconds(80))
        }
        rig.send(Group.claims(Self.second, by: "pi2", answering: rig.question))
        rig.send(.heartbeat(.differs("pi2")))
        #expect(rig.questions(to: .member("pi2")) == 5)
        rig.pass(.milliseconds(300))
        rig.send(.heartbeat(.differs("pi2")))
        #expect(rig.questions(to: .member("pi2")) == 6)
        rig.send(Group.claims(Self.second, by: "pi2", epoch: 2, answering: rig.question))
        rig.send(.heartbeat(.differs("pi2")))
        #expect(rig.questions(to: .member("pi2")) == 7)
    }

    @Test func whoAsksIsToldAll() {
        var rig = pair()
        rig.send(Group.wanted(by: "pi3"))
        let told = rig.registersTold(to: .member("pi3"))
        #expect(Set(told.keys) == Set(Self.addresses))
        #expect(told.filter { $0.value.owner == "pi2" }.count == Self.second.count)
    }

    /// Whoever has heard the last message knows everything, and goes by it.
    @Test func anAnswerInSeveralMessagesEndsWithTheLast() {
        var rig = pair()
        let others = (0..<200).map { IPAddress.v4(IPv4Address(rawValue: 0x0A00_0000 + $0)) }
        rig.send(Group.claims(others, by: "pi2"))
        rig.clear()
        rig.send(Group.wanted(by: "pi3", question: 77))
        let answered = rig.posted.compactMap { message, _ -> UInt32? in
            switch message.body {
            case .registers: 0
            case .answer(_, to: let question): question
            default: nil
            }
        }
        #expect(answered.count > 1)
        #expect(answered == answered.dropLast().map { _ in 0 } + [77])
    }

    /// Gossip and direct message may both have been lost: it would take this node for one that answers for nothing.
    @Test func whoAsksIsToldAboutThisNodeToo() throws {
        var rig = pair()
        rig.send(Group.wanted(by: "pi2"))
        let told = rig.posted.compactMap { message, to in
            if case .metadata(let bytes) = message.body, to == .member("pi2") { Metadata(bytes) } else { nil }
        }
        #expect(told.map(\.takesPart) == [true])
        #expect(try #require(told.first).sequence > 1, "the latest")
    }

    @Test func theBeatsAndTheGroupsStateFollowTheRegisters() {
        var rig = pair()
        rig.send(.heartbeat(.silent("pi2", for: .milliseconds(214))))
        let digests = rig.node.ownership.registers.digests
        #expect(digests.keys.sorted() == ["pi1"])
        #expect(rig.directives.contains(.heartbeat(.digests(digests))))
        #expect(
            rig.directives.contains(.heartbeat(.claims(count: Self.addresses.count, digest: digests["pi1"] ?? 0))))
        rig.pass(.seconds(1))
        var states: [[UInt8]] = []
        for case .gossip(.userState(let bytes)) in rig.directives { states.append(bytes) }
        var other = Rig(Settings(nodeName: "pi3", instanceID: "c"))
        other.send(.gossip(.merged(states.last ?? [], isJoin: true)))
        #expect(other.node.ownership.registers.entries == rig.node.ownership.registers.entries)
    }

    // MARK: The order

    /// Its rule counts for all: the order over all that live, and nobody keeps anything.
    @Test func besideASpeakerOfMetalLBTheOrderDecides() throws {
        var rig = pair()
        rig.send(.heartbeat(.silent("pi2", for: .milliseconds(214))))
        rig.send(Group.member("pi3", takesPart: nil))
        let mine = Self.addresses.filter { Election.order(["pi1", "pi3"], for: $0.description).first == "pi1" }
        #expect(rig.answered == Set(mine))
        rig.send(Group.member("pi3", .left, takesPart: nil))
        #expect(rig.answered == Set(Self.addresses))
    }

    @Test func failbackReturnsWhatIsTheNodesOwnByTheOrder() {
        var settings = Settings(nodeName: "pi1", instanceID: "a")
        settings.election.failsBack = true
        var rig = pair(settings)
        rig.send(Group.claims(Self.first, by: "pi2", epoch: 2))
        #expect(rig.answered.isEmpty)
        rig.pass(.seconds(28))
        #expect(rig.answered.isEmpty)
        rig.pass(.seconds(2))
        #expect(rig.answered == Set(Self.first))
        rig.send(Group.claims(Self.first, by: "pi2", epoch: 4))
        rig.pass(.seconds(20))
        #expect(rig.answered.isEmpty, "not again and again")
    }

    @Test func preferredNodesComeFirstAndRadiosLast() {
        var rig = Rig.leader(pools: Rig.pools("192.168.1.100-192.168.1.119"))
        rig.send(Group.member("pi2", presence: "192.168.1.12/24,preferred"))
        fill(&rig)
        #expect(rig.answered.isEmpty)
        rig = Rig.leader(pools: Rig.pools("192.168.1.100-192.168.1.119"))
        rig.send(Group.member("pi2", presence: "192.168.1.12/24,wireless"))
        fill(&rig)
        #expect(rig.answered == Set(Self.addresses))
    }

    /// One that takes nothing over yet, having been cut off until just now, is not waited for.
    @Test func whoIsJustBackComesLast() {
        var rig = Rig.leader(pools: Rig.pools("192.168.1.100-192.168.1.119"))
        rig.send(Group.member("pi2", presence: "192.168.1.12/24,preferred,returning"))
        fill(&rig)
        #expect(rig.answered == Set(Self.addresses))
    }
}
