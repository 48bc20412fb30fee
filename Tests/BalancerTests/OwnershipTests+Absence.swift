import Heartbeat
import KubeWatch
import SWIM
import Testing
import Wire

@testable import Balancer

/// What becomes of addresses whose owner was away, or goes.
extension OwnershipTests {
    @Test func whoWasStoppedAnswersNothingUntilItHasHeardTheOthers() throws {
        var rig = pair()
        rig.send(.heartbeat(.late(by: .seconds(3))))
        #expect(rig.directives.contains(.answer(false)))
        #expect(rig.questions(to: .group) > 0)
        rig.clear()
        let lost = Array(Self.first.prefix(3))
        rig.send(Group.claims(lost, by: "pi2", epoch: 2, answering: rig.question))
        let order = rig.directives.filter { directive in
            if case .release = directive { return true }
            return directive == .answer(true)
        }
        #expect(order.count == lost.count + 1 && order.last == .answer(true), "what is lost is given up first")
        #expect(rig.directives.contains(.announceAll))
        #expect(rig.answered == Set(Self.first).subtracting(lost))
    }

    /// It was asked before the process was stopped, and waited in the socket since.
    @Test func anAnswerFromBeforeTheAbsenceDoesNotEndIt() {
        var rig = pair()
        rig.send(.heartbeat(.late(by: .seconds(3))))
        let old = rig.question
        rig.pass(.milliseconds(10))
        rig.send(.heartbeat(.late(by: .seconds(2))))
        rig.clear()
        rig.send(Group.claims([], by: "pi2", answering: old))
        #expect(!rig.directives.contains(.answer(true)))
        rig.send(Group.claims(Self.first, by: "pi2", epoch: 2, answering: rig.question))
        #expect(rig.directives.contains(.answer(true)))
        #expect(rig.answered.isEmpty)
    }

    @Test func whoWasStoppedBeforeItHeardOfRegistersAnswersNothingEither() throws {
        let claim = Claim(try #require(Self.first.first), on: 2)
        var rig = Rig(inheritance: Inheritance(claims: [claim], epochs: [claim.address: 3], leftAt: .zero))
        rig.send(.heartbeat(.late(by: .seconds(6))))
        #expect(!rig.directives.contains(.answer(false)), "nobody is known who could have taken it")
        rig.send(Group.member("pi2"))
        rig.send(.heartbeat(.late(by: .seconds(6))))
        #expect(rig.directives.contains(.answer(false)))
        rig.pass(.seconds(1))
        #expect(rig.directives.contains(.answer(true)))
    }

    @Test func anAbsenceThatNobodyEndsIsOverAfterASecondWhereNobodyElseIsHeard() {
        var rig = pair()
        rig.send(.heartbeat(.alone(true)))
        rig.send(.heartbeat(.late(by: .seconds(3))))
        rig.clear()
        rig.pass(.milliseconds(999))
        #expect(!rig.directives.contains(.answer(true)))
        rig.pass(.milliseconds(1))
        #expect(rig.directives.contains(.answer(true)))
        rig.clear()
        rig.send(.heartbeat(.late(by: .milliseconds(100))))
        #expect(!rig.directives.contains(.answer(false)), "nobody takes anything over so soon")
    }

    /// Whatever is the first that it is told of after that.
    @Test func whoseOwnTimeIsUpLongAgoWasStoppedToo() throws {
        var rig = pair()
        let due = try #require(rig.wakeAt)
        rig.now = due.advanced(by: .milliseconds(130))
        rig.send(.heartbeat(.heard("pi2")))
        let silence = try #require(rig.directives.firstIndex(of: .answer(false)))
        let other = rig.directives.firstIndex { directive in
            switch directive {
            case .take, .release, .announceAll: true
            default: false
            }
        }
        #expect(silence < other ?? .max)
        #expect(rig.questions(to: .group) > 0)
    }

    @Test func whoWasUnpluggedAnswersNothingUntilItHasHeardTheOthers() {
        var rig = pair()
        rig.send(.links([Rig.link(isUp: false)]))
        rig.clear()
        rig.send(.links([Rig.link()]))
        #expect(rig.directives.contains(.answer(false)))
        rig.send(Group.claims(Self.first, by: "pi2", epoch: 2, answering: rig.question))
        #expect(rig.answered.isEmpty)
        #expect(rig.directives.contains(.answer(true)))
    }

    @Test func whoIsAloneGoesOnAnsweringWhateverHappened() {
        var rig = Rig.leader(pools: Rig.pools("192.168.1.100-192.168.1.119"))
        fill(&rig)
        rig.send(.heartbeat(.late(by: .seconds(3))))
        #expect(!rig.directives.contains(.answer(false)))
        #expect(rig.answered == Set(Self.addresses))
    }

    // MARK: Leaving

    @Test func whoLeavesAnswersUntilTheHeirHasTakenOver() {
        var rig = pair()
        rig.send(.stop)
        rig.pass(.milliseconds(500))
        #expect(rig.answered == Set(Self.first))
        rig.send(Group.claims(Self.first, by: "pi2", epoch: 2))
        #expect(rig.answered.isEmpty)
        rig.pass(.milliseconds(1))
        #expect(rig.directives.contains(.gossip(.leave)))
        rig.send(.gossip(.hasLeft))
        #expect(rig.directives.last == .exit)
    }

    @Test func aLeavingNodesAddressesAreTakenAsSoonAsItSaysSo() {
        var rig = pair()
        rig.send(Group.leaving("pi2", instance: 6))
        #expect(rig.answered == Set(Self.first), "that was an earlier daemon")
        rig.send(Group.leaving("pi2"))
        #expect(rig.answered == Set(Self.addresses))
        rig.send(Group.member("pi2"))
        #expect(rig.answered == Set(Self.addresses), "the gossip is late")
    }

    /// The label that excludes nodes: not a fault, so that nothing is to be lost.
    @Test func whoMayNotAnswerAnyMoreWaitsForItsHeirASecondAtMost() {
        var rig = pair()
        var node = Node(metadata: rig.meta("", "pi1"))
        node.isExcluded = true
        rig.send(.change(.upserted(.node(node))))
        rig.send(Group.claims(Array(Self.first.dropFirst()), by: "pi2", epoch: 2))
        #expect(rig.answered == Set(Self.first.prefix(1)))
        rig.pass(.milliseconds(999))
        #expect(rig.answered == Set(Self.first.prefix(1)))
        rig.pass(.milliseconds(1))
        #expect(rig.answered.isEmpty)
    }

    /// Its next Service begins anew, by the order.
    @Test func anAddressThatNoServiceHasIsNobodys() throws {
        var rig = pair()
        rig.send(Group.claims(Self.first, by: "pi2", epoch: 2))
        rig.send(Group.leaving("pi2"))
        let address = try #require(Self.second.first)
        let name = try #require(Self.names.first { rig.address(of: $0) == address.description })
        rig.clear()
        rig.delete(name)
        #expect(rig.registersTold(to: .group) == [address: Register(epoch: 3, owner: Register.nobody)])
        rig.send(Group.member("pi2", instance: 8))
        rig.put(.named(name))
        rig.putEndpoints(name, on: ["pi1"])
        #expect(rig.address(of: name) == address.description)
        #expect(!rig.answered.contains(address), "it is pi2's by the order")
    }

    /// This node has yet to hear from the API server that the Service is gone.
    @Test func whatOthersSayIsFreeIsLeftAlone() throws {
        var rig = pair()
        let address = try #require(Self.first.first)
        rig.send(Group.freed(address, by: "pi2", epoch: 2))
        #expect(!rig.answered.contains(address))
        rig.pass(.milliseconds(2_999))
        #expect(!rig.answered.contains(address))
        rig.pass(.milliseconds(1))
        #expect(rig.answered.contains(address), "they were wrong")
    }

    /// Nobody has it then, and all have waited alike: the next in the order waits 300 ms more for the first.
    @Test func afterThatItIsTakenInTurn() throws {
        var rig = pair()
        let address = try #require(Self.second.first)
        rig.send(Group.freed(address, by: "pi2", epoch: 2))
        rig.pass(.milliseconds(3_299))
        #expect(!rig.answered.contains(address))
        rig.pass(.milliseconds(1))
        #expect(rig.answered.contains(address))
    }

    @Test func whatOthersSayIsFreeIsLeftAloneForAsLongAsTheAPIServerIsAway() throws {
        var rig = pair()
        let address = try #require(Self.first.first)
        rig.send(.change(.interrupted(.service, reason: "refused")))
        rig.send(Group.freed(address, by: "pi2", epoch: 2))
        rig.pass(.seconds(60))
        #expect(!rig.answered.contains(address))
        rig.send(.change(.synced(.service)))
        rig.pass(.seconds(3))
        #expect(rig.answered.contains(address))
    }

    @Test func aServiceThatComesAfterTheOneThatIsGoneDoesNotWait() throws {
        var rig = pair()
        let address = try #require(Self.first.first)
        let name = try #require(Self.names.first { rig.address(of: $0) == address.description })
        rig.send(Group.freed(address, by: "pi2", epoch: 2))
        rig.delete(name)
        rig.put(.named(name))
        rig.putEndpoints(name, on: ["pi1"])
        #expect(rig.address(of: name) == address.description)
        #expect(rig.answered.contains(address))
    }
}
