import Heartbeat
import KubeWatch
import SWIM
import Testing
import Wire

@testable import Balancer

/// Who counts as alive, by the Leases, the gossip and the beats together, and what follows for the addresses.
@Suite struct RosterTests {
    private static let names = (0..<40).map { "service-\($0)" }

    /// pi1, which leads, beside pi2 with a Lease; forty Services, of which each has its share.
    private func pair() -> Rig {
        var rig = Rig.leader(pools: Rig.pools("192.168.1.100-192.168.1.149"))
        rig.renew("pi2")
        for name in Self.names {
            rig.put(.named(name))
            rig.putEndpoints(name, on: ["pi1"])
        }
        return rig
    }

    private func claimCounts(_ rig: Rig) -> [Int] {
        rig.directives.compactMap { if case .heartbeat(.claims(let count, digest: _)) = $0 { count } else { nil } }
    }

    private func answers(_ rig: Rig) -> Int { rig.node.announcer.current.count }

    @Test func aSilentOwnerIsReplacedAtOnce() {
        var rig = pair()
        rig.send(Group.member("pi2"))
        let share = answers(rig)
        #expect(share > 0 && share < Self.names.count)
        rig.clear()
        rig.send(.heartbeat(.silent("pi2", for: .milliseconds(214))))
        #expect(answers(rig) == Self.names.count)
        #expect(rig.records.contains(.nodeSilent))
        rig.send(.heartbeat(.heard("pi2")))
        #expect(rig.records.contains(.nodeHeard))
    }

    /// Its network is gone, and with it the gossip's way to the others: it has told the API server.
    @Test func whatALeaseTellsHoldsWhereItIsNewerThanTheGossip() {
        var rig = pair()
        rig.send(Group.member("pi2"))
        let share = answers(rig)
        rig.renew("pi2", addresses: "edition:7.1")
        #expect(answers(rig) == Self.names.count)
        // A later word of the gossip holds again.
        rig.send(Group.returned("pi2", sequence: 2))
        #expect(Set(rig.node.roster.alive["pi2"]?.prefixes ?? []) == [Prefix("192.168.1.12/24")])
        #expect(share < Self.names.count)
    }

    /// The API server may be slower than the gossip, and an older daemon's Lease tells nothing of the newer one.
    @Test(arguments: ["edition:7.0", "edition:8.5", "edition:7", "edition:x.1", ""])
    func whatALeaseTellsOfAnEarlierTimeDoesNotHold(words: String) {
        var rig = pair()
        rig.send(Group.member("pi2"))
        let share = answers(rig)
        rig.renew("pi2", addresses: words)
        #expect(answers(rig) == share)
    }

    @Test func aDeathByTheGossipIsBelievedAndASuspicionIsNot() {
        var rig = pair()
        rig.send(Group.member("pi2"))
        let share = answers(rig)
        rig.send(Group.member("pi2", .suspect))
        #expect(answers(rig) == share)
        rig.send(Group.member("pi2", .dead))
        #expect(answers(rig) == Self.names.count)
    }

    /// Its death on the network is known long before the gossip knows of it.
    @Test func suspicionAndDeathOfASilentOwnerChangeNothing() {
        var rig = pair()
        rig.send(Group.member("pi2"))
        rig.send(.heartbeat(.silent("pi2", for: .milliseconds(214))))
        for status in [SWIM.Member.Status.suspect, .alive, .suspect, .dead] {
            rig.send(Group.member("pi2", status))
            #expect(answers(rig) == Self.names.count)
        }
    }

    /// systemd starts a daemon that crashed a moment later: what it had answered for is nobody's.
    @Test func aNewDaemonThatDoesNotTakePartYetHasNothing() {
        var rig = pair()
        rig.send(Group.member("pi2"))
        rig.send(Group.member("pi2", takesPart: false, instance: 8))
        #expect(answers(rig) == Self.names.count)
    }

    /// Clients believe whoever announced last.
    @Test func whatIsKeptIsAnnouncedAnewWhereSomebodyElseMayHaveAnswered() {
        var rig = pair()
        rig.send(Group.member("pi2"))
        rig.send(.heartbeat(.silent("pi2", for: .milliseconds(214))))
        rig.clear()
        rig.send(.heartbeat(.heard("pi2")))
        #expect(rig.directives.contains(.announceAll))
        rig.clear()
        rig.send(Group.member("pi2", .suspect))
        rig.send(Group.member("pi2"))
        #expect(!rig.directives.contains(.announceAll))
    }

    @Test func allThisNeedsNoServer() {
        var rig = pair()
        rig.send(Group.member("pi2"))
        for kind in [Kind.service, .endpointSlice, .node, .lease] {
            rig.send(.change(.interrupted(kind, reason: "gone")))
        }
        rig.send(.heartbeat(.silent("pi2", for: .milliseconds(214))))
        #expect(answers(rig) == Self.names.count)
    }

    /// Its port is closed by a firewall: it lives at the pace of its Lease.
    @Test func whoseLeaseGoesOnBeingRenewedIsAlive() {
        var rig = pair()
        let share = answers(rig)
        rig.send(Group.member("pi2"))
        rig.send(Group.member("pi2", .dead))
        #expect(answers(rig) == Self.names.count)
        // On its way when it died.
        rig.pass(.seconds(2))
        rig.renew("pi2")
        #expect(answers(rig) == Self.names.count)
        rig.pass(.seconds(2))
        rig.renew("pi2")
        #expect(answers(rig) == share)
    }

    /// The addresses whose order, over all three, `node` comes first in.
    private func share(of node: String, among rig: Rig) -> Set<IPAddress> {
        let addresses = Set(rig.node.book.addresses)
        return addresses.filter { Election.order(["pi1", "pi2", "pi3"], for: $0.description).first == node }
    }

    /// It knows nobody's registers, and goes by the order. What is not its own by that stays where it is.
    @Test func whoseGossipIsCutOffHasWhatItIsFirstFor() {
        var rig = pair()
        rig.send(Group.member("pi2"))
        rig.send(.heartbeat(.silent("pi2", for: .milliseconds(214))))
        #expect(answers(rig) == Self.names.count)
        rig.send(.heartbeat(.heard("pi2")))
        let lost = share(of: "pi3", among: rig)
        rig.renew("pi3")
        rig.pass(.seconds(5))
        #expect(answers(rig) == Self.names.count, "it may have died")
        rig.renew("pi3")
        rig.pass(.seconds(2))
        #expect(rig.answered == Set(rig.node.book.addresses).subtracting(lost))
        #expect(!lost.isEmpty && !share(of: "pi2", among: rig).isEmpty)
    }

    /// Between two that hear each other, the gossip's news may be late; so may those of one that has just begun.
    @Test func whoAnswersDirectlyHearsOfRegisters() {
        var rig = pair()
        rig.send(Group.member("pi2"))
        rig.send(.heartbeat(.silent("pi2", for: .milliseconds(214))))
        rig.send(.heartbeat(.heard("pi2")))
        rig.renew("pi3")
        rig.send(Group.claims([], by: "pi3", answering: rig.question))
        rig.renew("pi3")
        for _ in 0..<5 {
            rig.pass(.seconds(1))
            rig.send(.heartbeat(.heard("pi3")))
        }
        #expect(answers(rig) == Self.names.count)
        // It is not heard any more, and its Lease goes on being renewed.
        rig.renew("pi3")
        rig.pass(.seconds(5))
        #expect(rig.answered == Set(rig.node.book.addresses).subtracting(share(of: "pi3", among: rig)))
    }

    /// Hash order over all, by their rule.
    @Test func aSpeakerOfMetalLBHasItsShare() {
        var rig = pair()
        rig.send(Group.member("pi2"))
        let share = answers(rig)
        rig.send(Group.member("pi3", takesPart: nil))
        #expect(answers(rig) < share)
    }

    @Test func theGroupIsToldWhatThisNodeIs() {
        var rig = Rig()
        func told() -> [Metadata] {
            rig.directives.compactMap { if case .gossip(.metadata(let bytes)) = $0 { Metadata(bytes) } else { nil } }
        }
        #expect(told().last?.takesPart == false)
        rig.send(.pools(Rig.pool, from: .file))
        rig.sync()
        #expect(told().last?.takesPart == true)
        #expect(told().last?.presence == Presence("192.168.1.11/24"))
        rig.send(.stop)
        #expect(told().last?.takesPart == false)
    }

    @Test func theBeatsAreToldOfOwnersAndOfThisNodesClaims() {
        var rig = pair()
        #expect(claimCounts(rig).last == answers(rig))
        #expect(rig.directives.contains(.beat(on: [2])))
        rig.clear()
        rig.send(Group.member("pi2"))
        rig.send(Group.member("pi3", takesPart: nil))
        #expect(rig.directives.contains(.heartbeat(.members(["pi2": 7]))), "a speaker of MetalLB does not beat")
        #expect(claimCounts(rig).last == answers(rig))
        rig.clear()
        rig.send(Group.member("pi2", .dead))
        #expect(rig.directives.contains(.heartbeat(.members([:]))))
        rig.send(.restart)
        #expect(rig.directives.contains(.heartbeat(.pause(.seconds(5)))))
    }

    @Test func metadataOfManyAddressesIsCutToWhatFits() throws {
        let prefixes = (0..<64).compactMap { Prefix("fd00:0:0:\($0)::\($0 + 1)/64") }
        let metadata = Metadata(
            instance: .max, takesPart: true, presence: Presence(prefixes: prefixes, hasNamedInterface: true))
        #expect(metadata.bytes.count <= 512)
        let read = try #require(Metadata(metadata.bytes))
        #expect(read.instance == .max && read.takesPart && read.presence.hasNamedInterface)
        #expect(read.presence.prefixes == Array(prefixes.prefix(read.presence.prefixes.count)))
        #expect(read.presence.prefixes.count > 20)
        #expect(Metadata([]) == nil && Metadata(Array("lbd".utf8)) == nil && Metadata(Array("serf".utf8)) == nil)
    }
}
