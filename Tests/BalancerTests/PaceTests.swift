import SWIM
import Testing
import Wire

@testable import Balancer

/// Which figures the gossip goes by.
@Suite struct PaceTests {
    private func timings(_ rig: Rig) -> [Timing] {
        rig.directives.compactMap { if case .gossip(.timing(let timing)) = $0 { timing } else { nil } }
    }

    @Test func whereAllHaveBeenOursForAWhileTheFiguresAreOurs() {
        var rig = Rig.leader()
        rig.send(Group.member("pi2"))
        rig.pass(.seconds(5))
        rig.send(Group.member("pi3"))
        rig.pass(.milliseconds(4_900))
        #expect(timings(rig) == [])
        rig.pass(.milliseconds(100))
        #expect(timings(rig) == [.fast])
        rig.pass(.seconds(60))
        rig.send(Group.member("pi3", .dead))
        rig.send(Group.member("pi2", .dead))
        rig.pass(.seconds(60))
        #expect(timings(rig) == [.fast], "alone, it stays as it is")
    }

    /// It is seen at once, and until it is dead or has left.
    @Test(arguments: [SWIM.Member.Status.dead, .left])
    func besideASpeakerOfMetalLBTheyAreMemberlists(end: SWIM.Member.Status) {
        var rig = Rig.leader()
        rig.send(Group.member("pi2"))
        rig.pass(.seconds(10))
        rig.send(Group.member("pi3", takesPart: nil))
        #expect(timings(rig) == [.fast, .lan])
        rig.pass(.seconds(60))
        rig.send(Group.member("pi3", .suspect, takesPart: nil))
        rig.pass(.seconds(60))
        #expect(timings(rig) == [.fast, .lan])
        rig.send(Group.member("pi3", end, takesPart: nil))
        rig.pass(.milliseconds(9_900))
        #expect(timings(rig) == [.fast, .lan])
        rig.pass(.milliseconds(100))
        #expect(timings(rig) == [.fast, .lan, .fast])
        #expect(rig.records.count { $0 == .gossipPace } == 3)
    }

    /// A speaker that comes back in the meantime begins the wait anew.
    @Test func whoIsNotOursForAMomentCountsToo() {
        var rig = Rig.leader()
        rig.send(Group.member("pi2"))
        rig.pass(.seconds(9))
        rig.send(Group.member("pi3", takesPart: nil))
        rig.send(Group.member("pi3", .left, takesPart: nil))
        rig.pass(.milliseconds(9_900))
        #expect(timings(rig) == [])
        rig.pass(.milliseconds(100))
        #expect(timings(rig) == [.fast])
    }

    /// A daemon of ours that has told nothing but that; another program that says something about itself.
    @Test(arguments: [(SWIM.Member.mark, true), (Array("role=web".utf8), false)])
    func whoseMetadataTellIsOurs(metadata: [UInt8], isOurs: Bool) {
        var rig = Rig.leader()
        let address = SocketAddress(.v4(IPv4Address(rawValue: 0xC0A8_010C)), port: 7946)
        rig.send(.gossip(.changed(SWIM.Member(name: "pi2", address: address, metadata: metadata))))
        rig.pass(.seconds(60))
        #expect(timings(rig) == (isOurs ? [.fast] : []))
    }
}
