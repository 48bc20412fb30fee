import KubeWatch
import Testing
import Wire

@testable import Balancer

@Suite struct InheritanceTests {
    private static let address = "192.168.1.240"
    private static let left = Instant.zero.advanced(by: .seconds(100))

    private static var claim: Claim { Claim(.v4(IPv4Address(rawValue: 0xC0A8_01F0)), on: 2) }

    /// A daemon that has just started where another answered for the address a second ago.
    private func heir(
        after pause: Duration = .seconds(1), saved: Saved? = nil, pools: Pools? = Rig.pool,
        links: [Link]? = [Rig.link()]
    ) -> Rig {
        var rig = Rig(
            saved: saved, inheritance: Inheritance(claims: [Self.claim], leftAt: Self.left),
            at: Self.left.advanced(by: pause), links: links)
        if let pools { rig.send(.pools(pools, from: .file)) }
        return rig
    }

    /// Tells it what the API server knows: the Service, whose endpoints are on `nodes`, and this node's Lease.
    private func hear(_ rig: inout Rig, endpointsOn nodes: [String] = ["pi1"]) {
        rig.put(.named("a", ingress: [Self.address]))
        rig.putEndpoints("a", on: nodes)
        rig.renew("pi1", addresses: "192.168.1.11/24")
        rig.sync()
    }

    @Test func aRestartLeavesWhatIsAnsweredFor() {
        var rig = Rig.leader()
        rig.put(.named("a"))
        rig.putEndpoints("a", on: ["pi1"])
        rig.clear()
        rig.send(.restart)
        let left = Inheritance(claims: [Self.claim], epochs: [Self.claim.address: 1], leftAt: rig.now)
        #expect(rig.directives.suffix(2) == [.bequeath(left), .exit])
        #expect(rig.releases.isEmpty)
    }

    @Test func theNextDaemonAnswersBeforeItHearsFromTheServer() {
        let rig = heir()
        #expect(rig.claims == [Self.claim])
        #expect(rig.status?.contains("waiting for the API server") == true)
    }

    @Test func nothingIsToldAgainWhereAllIsAsBefore() {
        var rig = heir(saved: Saved(announced: ["uid-a": [Self.address]]))
        rig.clear()
        hear(&rig)
        #expect(rig.claims.isEmpty && rig.releases.isEmpty && rig.events.isEmpty)
        #expect(rig.status?.contains("announcing 1 of 1 service on eth0") == true)
    }

    @Test func theListsTakeAwayWhatIsNoLongerItsOwn() {
        var rig = heir()
        rig.clear()
        hear(&rig, endpointsOn: [])
        #expect(rig.releases == [Self.claim])
        rig = heir()
        rig.clear()
        rig.sync()
        #expect(rig.releases == [Self.claim], "the Service is gone")
        rig = heir(pools: nil)
        rig.clear()
        hear(&rig)
        #expect(rig.releases == [Self.claim], "there are no pools any more")
    }

    @Test func theKernelsListOfInterfacesMayComeAfterThePools() {
        var rig = heir(links: nil)
        rig.send(.links([Rig.link()]))
        #expect(rig.claims == [Self.claim])
        #expect(rig.releases.isEmpty)
    }

    @Test func aLinkThatGoesDownCountsBeforeTheLists() {
        var rig = heir()
        rig.clear()
        rig.send(.links([Rig.link(isUp: false)]))
        #expect(rig.releases == [Self.claim])
        rig = heir(links: nil)
        rig.send(.links([]))
        #expect(rig.releases == [Self.claim], "also where the first list has none")
    }

    @Test func aSecondRestartPassesItOn() {
        var rig = heir()
        rig.send(.restart)
        #expect(rig.directives.contains(.bequeath(Inheritance(claims: [Self.claim], leftAt: rig.now))))
    }

    @Test(arguments: [Duration.seconds(11), .seconds(-1)])
    func whatIsTooOldOrOfAnotherBootIsLeftAlone(pause: Duration) {
        let rig = heir(after: pause)
        #expect(rig.claims.isEmpty)
    }
}
