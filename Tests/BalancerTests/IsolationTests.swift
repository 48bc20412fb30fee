import ARP
import Heartbeat
import KubeWatch
import NetLink
import SWIM
import Testing
import Wire

@testable import Balancer

/// What a node does that hears nobody any more.
@Suite struct IsolationTests {
    private static let gateway = Gateway(IPv4Address(rawValue: 0xC0A8_0101), on: 2)
    private static let question = ARP.Question(.v4(gateway.address), on: 2)
    private static let mac = MACAddress(rawValue: 0x0200_0000_0001)

    /// pi1 with one address of its own, beside pi2 and pi3, each with one.
    private func group(of others: [String] = ["pi2", "pi3"], gateways: [Gateway] = [gateway]) -> Rig {
        var rig = Rig()
        rig.gateways = gateways
        rig.hearsGateways = false
        rig.send(.pools(Rig.pools("192.168.1.100-192.168.1.119"), from: .file))
        rig.sync()
        rig.pass(.seconds(1))
        let owners = ["pi1"] + others
        for other in others {
            rig.renew(other)
            rig.send(Group.member(other))
        }
        for (number, owner) in owners.enumerated() {
            let address = "192.168.1.\(100 + number)"
            rig.put(.named("service-\(number)", address: address))
            if owner != "pi1" { rig.send(Group.claims([IPAddress(address)].compactMap { $0 }, by: owner)) }
        }
        for number in owners.indices { rig.putEndpoints("service-\(number)", on: ["pi1"]) }
        rig.send(Group.claims([], by: "pi2", answering: rig.question))
        rig.pass(.seconds(3))
        rig.clear()
        return rig
    }

    private func addresses(_ last: ClosedRange<Int>) -> Set<IPAddress> {
        Set(last.compactMap { IPAddress("192.168.1.\($0)") })
    }

    private func isAnswering(_ rig: Rig) -> Bool? {
        rig.directives.compactMap { if case .answer(let isOn) = $0 { isOn } else { nil } }.last
    }

    private func questions(_ rig: Rig) -> Int { rig.directives.count { $0 == .ask(Self.question) } }

    private func loseAll(_ rig: inout Rig) {
        rig.send(.heartbeat(.alone(true)))
        for name in ["pi2", "pi3"] { rig.send(.heartbeat(.silent(name, for: .milliseconds(250)))) }
    }

    /// It was cut off for five seconds, and hears the gateway again.
    private func reconnected() -> Rig {
        var rig = group()
        loseAll(&rig)
        rig.send(.asked(.ended(Self.question, answers: [])))
        rig.pass(.seconds(5))
        rig.clear()
        rig.send(.asked(.answered(Self.question, by: Self.mac)))
        return rig
    }

    /// Its cable was pulled, and is back.
    private func replugged() -> Rig {
        var rig = group()
        rig.send(.links([Rig.link(isUp: false)]))
        rig.pass(.milliseconds(150))
        rig.send(.links([Rig.link()]))
        rig.clear()
        return rig
    }

    @Test func whoHearsNeitherTheOthersNorTheGatewayFallsSilent() {
        var rig = group()
        loseAll(&rig)
        #expect(rig.answered == addresses(100...100))
        #expect(questions(rig) == 1 && isAnswering(rig) == nil)
        rig.send(.asked(.ended(Self.question, answers: [])))
        #expect(isAnswering(rig) == false)
        #expect(rig.records.contains(.cutOff))
        #expect(rig.status?.hasPrefix("cut off: no other node is heard, and the gateway 192.168.1.1 does not") == true)
        rig.pass(.seconds(60))
        #expect(rig.answered.isEmpty)
        #expect(isAnswering(rig) == false)
        #expect(questions(rig) == 61, "the gateway is asked on, each second")
    }

    /// Nobody can be told by its Lease either; once the gossip has given all up, that is no news about its own network.
    @Test func whoIsCutOffTakesNothingUp() {
        var rig = group()
        rig.answersLeases = false
        rig.send(.heartbeat(.alone(true)))
        rig.send(.asked(.ended(Self.question, answers: [])))
        rig.clear()
        for status in [Member.Status.suspect, .dead] {
            for name in ["pi2", "pi3"] { rig.send(Group.member(name, status)) }
            rig.pass(.seconds(5))
        }
        #expect(!rig.records.contains(.addressTaken))
    }

    /// It takes over at once what the others had, since it is they who are gone.
    @Test func whoHearsTheGatewayTakesOver() {
        var rig = group()
        loseAll(&rig)
        rig.send(.asked(.answered(Self.question, by: Self.mac)))
        rig.pass(.milliseconds(600))
        #expect(rig.answered == addresses(100...102))
        #expect(isAnswering(rig) == nil)
    }

    /// The gateway has answered before the other is given up: nothing is waited for.
    @Test func theSurvivorOfTwoLosesNoTime() {
        var rig = group(of: ["pi2"])
        rig.send(.heartbeat(.alone(true)))
        rig.send(.asked(.answered(Self.question, by: Self.mac)))
        rig.clear()
        rig.send(.heartbeat(.silent("pi2", for: .milliseconds(250))))
        #expect(rig.answered == addresses(100...101))
    }

    /// What says nothing about the gateway is no reason: there is none, or it cannot be asked.
    @Test func whereNoGatewayIsKnownItServesOn() {
        var rig = group(gateways: [])
        loseAll(&rig)
        rig.pass(.milliseconds(600))
        #expect(rig.answered == addresses(100...102))
        var other = group()
        loseAll(&other)
        other.send(.asked(.failed(Self.question)))
        other.pass(.milliseconds(600))
        #expect(other.answered == addresses(100...102))
        #expect(isAnswering(rig) == nil && isAnswering(other) == nil)
    }

    @Test func whoIsAloneFromTheBeginningAsksNobody() {
        var rig = Rig.leader(services: [.named("web")])
        rig.gateways = [Self.gateway]
        rig.putEndpoints("web", on: ["pi1"])
        rig.pass(.seconds(60))
        #expect(questions(rig) == 0 && rig.answered.count == 1)
    }

    /// The gossip finds out by itself where nobody beats.
    @Test func theGossipAloneIsReasonToAsk() {
        var rig = group()
        rig.send(Group.member("pi2", .dead))
        #expect(questions(rig) == 0)
        rig.send(Group.member("pi3", .dead))
        #expect(questions(rig) == 1)
    }

    /// Whoever leaves is not missed.
    @Test func whenAllOthersLeaveNobodyIsAsked() {
        var rig = group()
        for name in ["pi2", "pi3"] { rig.send(Group.member(name, .left)) }
        rig.pass(.seconds(1))
        #expect(questions(rig) == 0)
        #expect(rig.answered == addresses(100...102))
    }

    /// It answers nothing before it has heard who has what by now, or for so long; and what is not heard yet is not free.
    @Test func whoComesBackAsksTheGroupFirst() {
        var rig = reconnected()
        #expect(rig.records.contains(.reconnected))
        #expect(rig.questions(to: .group) > 0)
        #expect(isAnswering(rig) == false)
        rig.send(Group.claims(Array(addresses(100...100)), by: "pi2", epoch: 2, answering: rig.question))
        #expect(isAnswering(rig) == true)
        #expect(rig.answered.isEmpty)
        rig.pass(.milliseconds(2_900))
        #expect(rig.answered.isEmpty)
    }

    /// Others are heard at once, and who has what it let go of is not known yet: it may be its own still.
    @Test func whoComesBackTakesNothingBeforeItIsTold() {
        var rig = reconnected()
        for name in ["pi2", "pi3"] { rig.send(.heartbeat(.heard(name))) }
        rig.pass(.milliseconds(200))
        #expect(rig.answered.isEmpty)
        rig.send(Group.claims([], by: "pi2", answering: rig.question))
        #expect(rig.answered == addresses(100...100))
        #expect(isAnswering(rig) == true)
    }

    /// Nor does it take what is its own by the order, where one node lives by its Lease and the gossip does not reach it yet.
    @Test func whoComesBackTakesNothingByTheOrderEither() {
        var rig = group()
        rig.put(.named("first-here", address: "192.168.1.106"))
        rig.putEndpoints("first-here", on: ["pi1"])
        rig.pass(.seconds(1))
        loseAll(&rig)
        rig.send(.asked(.ended(Self.question, answers: [])))
        rig.send(Group.member("pi3", .dead))
        rig.pass(.seconds(5))
        rig.renew("pi3")
        rig.clear()
        rig.send(.asked(.answered(Self.question, by: Self.mac)))
        rig.send(.heartbeat(.heard("pi2")))
        rig.pass(.milliseconds(900))
        #expect(rig.answered.isEmpty)
        rig.send(Group.claims([], by: "pi2", answering: rig.question))
        #expect(rig.answered == addresses(100...100).union(addresses(106...106)))
    }

    /// Once it was told, and all are heard, it need not wait for three seconds to take over from one that dies.
    @Test func whoIsBackAndWasToldTakesOver() {
        var rig = reconnected()
        for name in ["pi2", "pi3"] { rig.send(.heartbeat(.heard(name))) }
        rig.send(Group.claims([], by: "pi2", answering: rig.question))
        rig.pass(.milliseconds(350))
        rig.send(.heartbeat(.answering("pi3", true)))
        rig.send(.heartbeat(.silent("pi3", for: .milliseconds(214))))
        rig.pass(.milliseconds(400))
        #expect(rig.answered == [addresses(100...100), addresses(102...102)].reduce([]) { $0.union($1) })
    }

    @Test func whoHearsNobodyAtItsReturnAsksAgainAndServesOn() {
        var rig = reconnected()
        rig.pass(.milliseconds(1_100))
        #expect(rig.questions(to: .group) >= 4)
        #expect(isAnswering(rig) == true)
        rig.pass(.seconds(4))
        #expect(rig.answered == addresses(100...102))
    }

    /// A switch that carries nothing yet after a cable was put in keeps the others' answers from it, and the gateway's.
    @Test func whoseCableIsBackWaitsForTheSwitch() {
        var rig = replugged()
        rig.pass(.milliseconds(100))
        loseAll(&rig)
        rig.pass(.seconds(5))
        #expect(isAnswering(rig) == nil, "it is silent as it was")
        rig.clear()
        rig.send(.asked(.answered(Self.question, by: Self.mac)))
        #expect(rig.questions(to: .group) > 0)
        #expect(isAnswering(rig) == nil, "the others are asked first")
        rig.pass(.milliseconds(1_100))
        #expect(isAnswering(rig) == true, "nobody else is there")
    }

    /// The kernel may send nothing for a second after the cable is back, and hear all the while.
    @Test func whoseCableIsBackHearsWhatOthersTookBeforeItAnswers() {
        var rig = replugged()
        rig.pass(.seconds(5))
        #expect(rig.questions(to: .group) >= 15, "it goes on asking")
        #expect(isAnswering(rig) == nil)
        rig.send(Group.claims(Array(addresses(100...100)), by: "pi2", epoch: 2, answering: rig.question))
        #expect(isAnswering(rig) == true)
        #expect(rig.answered.isEmpty)
    }

    @Test func whomNobodyAnswersServesOnAfterTenSeconds() {
        var rig = replugged()
        rig.pass(.milliseconds(10_500))
        #expect(isAnswering(rig) == true)
        #expect(rig.answered == addresses(100...100))
    }

    // MARK: Whether this node is heard

    private func found(_ stations: [MACAddress], by peer: String) -> Balancer.Event {
        let finding = Finding(address: .v4(IPv4Address(rawValue: 0xC0A8_0164)), isHearing: true, stations: stations)
        return .posted(DirectMessage(sender: peer, .finding(finding.bytes)).bytes)
    }

    /// pi1 with the address 192.168.1.100, which the three could answer for.
    private func shared() -> Rig {
        var rig = group()
        rig.putEndpoints("service-0", on: ["pi1", "pi2", "pi3"])
        rig.pass(.seconds(10))
        rig.clear()
        return rig
    }

    @Test func whatNobodyHearsItAnswerForIsLeftToOthers() throws {
        var rig = shared()
        let address = try #require(addresses(100...100).first)
        for peer in ["pi2", "pi3", "pi2"] { rig.send(found([], by: peer)) }
        #expect(rig.answered.contains(address))
        #expect(
            rig.posted.contains { $0.to == .group && $0.message.body == .doubted(address) })
        let epoch = try #require(rig.node.ownership.registers[address]?.epoch)
        rig.send(found([], by: "pi3"))
        #expect(!rig.answered.contains(address) && rig.records.contains(.unheard))
        #expect(rig.registersTold(to: .group)[address] == Register(epoch: epoch + 1, owner: Register.nobody))
        #expect(rig.status?.contains("nobody heard this node answer for 192.168.1.100") == true)
        // Though nobody else takes it.
        rig.pass(.seconds(59))
        #expect(!rig.answered.contains(address))
        rig.pass(.seconds(2))
        #expect(rig.answered.contains(address))
    }

    /// Now and then, as a client would, and what comes of it goes to the owner alone.
    @Test func itAsksForWhatOthersAnswerFor() {
        var rig = group()
        rig.clear()
        rig.pass(.seconds(40))
        let asked = Set(rig.directives.compactMap { if case .ask(let question) = $0 { question } else { nil } })
        let theirs = [101, 102].map { ARP.Question(.v4(IPv4Address(rawValue: 0xC0A8_0100 + $0)), on: 2) }
        #expect(asked == Set(theirs))
        rig.clear()
        for _ in 0..<10 where rig.node.inspection.subject == nil { rig.pass(.seconds(2)) }
        guard let subject = rig.node.inspection.subject else { return #expect(Bool(false), "nothing is asked") }
        rig.send(.asked(.ended(subject.question, answers: [])))
        let told = rig.posted.filter { if case .finding = $0.message.body { true } else { false } }
        #expect(told.map(\.to) == [.member(subject.owner)])
        #expect(rig.directives.contains(.findGateways(on: [2])), "whether it hears anybody is to be known")
        rig.clear()
        rig.pass(.seconds(2))
        #expect(rig.directives.contains(.ask(subject.question)), "once more, soon")
    }

    private static let six = IPAddress.v6(IPv6Address(high: 0xFD00_0002_0000_0000, low: 0x1000))

    /// Three in a network of both families, with a Service of IPv6 alone that is `owner`'s.
    private func groupOfSix(owner: String) -> Rig {
        var rig = group()
        rig.send(.pools(Rig.pools("192.168.1.100-192.168.1.119", "fd00:2::1000-fd00:2::10ff"), from: .file))
        rig.send(.links([Rig.link(2, "eth0", "192.168.1.11/24,fd00:2::11/64")]))
        for other in ["pi2", "pi3"] {
            let presence = "192.168.1.12/24,fd00:2::12/64"
            rig.renew(other, addresses: presence)
            rig.send(Group.member(other, instance: 8, presence: presence))
        }
        var service = Service.named("six", ingress: [Self.six.description])
        service.ipFamilies = ["IPv6"]
        rig.put(service)
        if owner != "pi1" { rig.send(Group.claims([Self.six], by: owner)) }
        rig.putEndpoints("six", on: ["pi1", "pi2", "pi3"])
        rig.pass(.seconds(10))
        rig.clear()
        return rig
    }

    @Test func itAsksForAddressesOfIPv6Too() {
        var rig = groupOfSix(owner: "pi2")
        rig.pass(.seconds(60))
        let asked = Set(rig.directives.compactMap { if case .ask(let question) = $0 { question } else { nil } })
        #expect(asked.contains(ARP.Question(Self.six, on: 2)))
        #expect(asked.count == 3, "the addresses of IPv4 as well, in turn")
    }

    @Test func anAddressOfIPv6ThatNobodyHearsIsLeftToOthers() {
        var rig = groupOfSix(owner: "pi1")
        #expect(rig.answered.contains(Self.six))
        for peer in ["pi2", "pi3", "pi2", "pi3"] {
            let finding = Finding(address: Self.six, isHearing: true, stations: [])
            rig.send(.posted(DirectMessage(sender: peer, .finding(finding.bytes)).bytes))
        }
        #expect(rig.posted.contains { $0.to == .group && $0.message.body == .doubted(Self.six) })
        #expect(!rig.answered.contains(Self.six) && rig.records.contains(.unheard))
        #expect(rig.registersTold(to: .group)[Self.six]?.owner == Register.nobody)
    }

    /// It may be that only this node does not hear: the others are to know that it does not answer.
    @Test func whoIsCutOffTellsThat() {
        func published(_ rig: Rig) -> String? { Presence(rig.lease("lbd-node-pi1")?.addresses ?? "?").text }
        func network(_ rig: Rig) -> String? {
            let told = rig.posted.compactMap { message, _ in
                if case .metadata(let bytes) = message.body { Metadata(bytes)?.presence.text } else { nil }
            }
            return told.last
        }
        var rig = group()
        loseAll(&rig)
        #expect(network(rig) == nil)
        rig.send(.asked(.ended(Self.question, answers: [])))
        #expect(network(rig) == "" && published(rig) == "")
        rig.send(.heartbeat(.heard("pi2")))
        #expect(network(rig) == "192.168.1.11/24,returning" && published(rig) == "")
        rig.pass(.seconds(3))
        #expect(network(rig) == "192.168.1.11/24" && published(rig) == "192.168.1.11/24")
    }
}
