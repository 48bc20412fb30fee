import BGP
import KubeWatch
import Testing
import Wire

@testable import Balancer

/// What is told to routers, and to which.
@Suite struct SpeakingTests {
    private static let router = Peer(localASN: 64_512, peerASN: 64_513, address: ip("192.168.1.1"))

    private static func pools(
        _ range: String = "10.9.0.0/24", _ advertisements: [Advertisement] = [Advertisement()],
        peers: [Peer] = [router]
    ) -> Pools {
        Pools(
            pools: [
                Pool(
                    name: "far", announcementProtocol: .bgp, ranges: [AddressRange(text: range)].compactMap { $0 },
                    advertisements: advertisements)
            ], peers: peers)
    }

    /// A leader whose Service `web` has the first address of the pool, and an endpoint on `nodes`.
    private static func rig(_ pools: Pools = pools(), on nodes: [String?] = ["pi1"], isLocal: Bool = false) -> Rig {
        var service = Service.named("web")
        service.isTrafficLocal = isLocal
        var rig = Rig.leader(pools: pools, services: [service])
        rig.putEndpoints("web", on: nodes)
        return rig
    }

    // MARK: Routes

    @Test func anAddressIsToldOnceItHasAnEndpoint() {
        var rig = Rig.leader(pools: Self.pools(), services: [.named("web")])
        #expect(rig.address(of: "web") == "10.9.0.0")
        #expect(rig.told == [:] && rig.claims.isEmpty)
        rig.putEndpoints("web", on: ["pi2"])
        #expect(rig.told == [prefix("10.9.0.0/32"): Path()])
        #expect(rig.records.contains(.routeAnnounced))
        rig.putEndpoints("web", on: ["pi2"], areServing: false)
        #expect(rig.told == [:])
        #expect(rig.records.contains(.routeWithdrawn))
        // By BGP alone.
        #expect(rig.claims.isEmpty)
    }

    @Test func nothingIsToldBeforeAllIsKnown() {
        var rig = Rig()
        rig.send(.pools(Self.pools(), from: .file))
        #expect(rig.spoken.isEmpty)
        rig.sync()
        rig.pass(.seconds(1))
        guard case .with(let peerings) = rig.spoken.first else { return #expect(Bool(false)) }
        #expect(peerings.map(\.peer) == [Self.router])
        #expect(rig.spoken.dropFirst() == [.routes([:])])
    }

    @Test func aLocalServiceIsToldByNodesWithAnEndpoint() {
        #expect(Self.rig(on: ["pi2"], isLocal: true).told == [:])
        #expect(Self.rig(on: ["pi2", "pi1"], isLocal: true).told?.count == 1)
    }

    @Test func aNodeThatIsNotToTakeTrafficTellsNothing() {
        var rig = Self.rig()
        var node = Node(metadata: rig.meta("", "pi1"))
        node.isNetworkUnavailable = true
        rig.send(.change(.upserted(.node(node))))
        #expect(rig.told == [:])
        node.isNetworkUnavailable = false
        rig.send(.change(.upserted(.node(node))))
        #expect(rig.told?.count == 1)
    }

    @Test func addressesOfOnePrefixShareARoute() {
        let red = Community(high: 64_512, low: 1)
        let advertisements = [
            Advertisement(aggregationLength: 24, localPreference: 100, communities: [red]), Advertisement(),
        ]
        var rig = Rig.leader(
            pools: Self.pools("10.9.0.0/24", advertisements), services: [.named("a"), .named("b")])
        for name in ["a", "b"] { rig.putEndpoints(name, on: ["pi1"]) }
        let whole = Path(localPreference: 100, communities: [red])
        #expect(
            rig.told == [
                prefix("10.9.0.0/24"): whole, prefix("10.9.0.0/32"): Path(),
                prefix("10.9.0.1/32"): Path(),
            ])
        rig.delete("a")
        #expect(rig.told == [prefix("10.9.0.0/24"): whole, prefix("10.9.0.1/32"): Path()])
        rig.delete("b")
        #expect(rig.told == [:])
    }

    @Test func advertisementsOfOnePrefixAreJoined() {
        let (red, blue) = (Community(high: 1, low: 1), Community(high: 1, low: 2))
        let rig = Self.rig(
            Self.pools(
                "10.9.0.0/24",
                [
                    Advertisement(localPreference: 50, communities: [red]),
                    Advertisement(localPreference: 70, communities: [blue]),
                ]))
        #expect(rig.told == [prefix("10.9.0.0/32"): Path(localPreference: 70, communities: [red, blue])])
    }

    @Test func eachFamilyIsPutTogetherByItsOwnLength() {
        let advertisement = Advertisement(aggregationLength: 24, aggregationLengthIPv6: 120)
        #expect(Advertisement().route(for: ip("fd00::9"))?.prefix == prefix("fd00::9/128"))
        #expect(advertisement.route(for: ip("fd00::9"))?.prefix == prefix("fd00::/120"))
        #expect(advertisement.route(for: ip("10.9.0.7"))?.prefix == prefix("10.9.0.0/24"))
    }

    @Test func aChangeCostsNoMoreThanItself() {
        var rig = Rig.leader(pools: Self.pools(), services: (0..<20).map { .named("s\($0)") })
        for number in 0..<20 { rig.putEndpoints("s\(number)", on: ["pi1"]) }
        rig.clear()
        rig.delete("s7")
        guard case .change(let changes) = rig.spoken.first else { return #expect(Bool(false)) }
        #expect(rig.spoken.count == 1 && changes.count == 1)
    }

    // MARK: Peers

    @Test func aPeerIsForTheNodesThatItSelects() {
        typealias Requirement = NodeSelector.Requirement
        let labels = ["rack": "a", "arch": "arm64"]
        func matches(_ requirements: Requirement...) -> Bool {
            NodeSelector(requirements: requirements).matches(labels)
        }
        #expect(matches())
        #expect(matches(Requirement(key: "rack", comparison: .isIn, values: ["b", "a"])))
        #expect(!matches(Requirement(key: "rack", comparison: .isIn, values: ["b"])))
        #expect(!matches(Requirement(key: "row", comparison: .isIn, values: ["a"])))
        #expect(matches(Requirement(key: "row", comparison: .notIn, values: ["a"])))
        #expect(!matches(Requirement(key: "rack", comparison: .notIn, values: ["a"])))
        #expect(matches(Requirement(key: "rack", comparison: .exists, values: [])))
        #expect(matches(Requirement(key: "row", comparison: .doesNotExist, values: [])))
        #expect(
            !matches(
                Requirement(key: "rack", comparison: .exists, values: []),
                Requirement(key: "arch", comparison: .isIn, values: ["amd64"])))
    }

    @Test func labelsThatChangeBringAndTakePeers() {
        var peer = Self.router
        let here = NodeSelector.Requirement(key: "rack", comparison: .isIn, values: ["a"])
        let there = NodeSelector.Requirement(key: "rack", comparison: .isIn, values: ["b"])
        peer.nodeSelectors = [NodeSelector(requirements: [here]), NodeSelector(requirements: [there])]
        var rig = Self.rig(Self.pools(peers: [peer]))
        #expect(rig.peerings == [])
        let addresses = [ip("192.168.1.11"), ip("fd00::11")]
        var node = Node(metadata: rig.meta("", "pi1"), internalAddresses: addresses, labels: ["rack": "b"])
        rig.send(.change(.upserted(.node(node))))
        #expect(rig.peerings.map(\.peer) == [peer])
        #expect(rig.peerings.first?.routerID == IPv4Address("192.168.1.11"))
        #expect(rig.peerings.first?.ipv4NextHop == nil)
        #expect(rig.peerings.first?.ipv6NextHop == IPv6Address("fd00::11"))
        node.labels = ["rack": "c"]
        rig.send(.change(.upserted(.node(node))))
        #expect(rig.peerings == [])
    }

    @Test func aSessionThatFailsIsToldOf() throws {
        var rig = Self.rig()
        #expect(rig.status?.contains("announcing 0 of 1 service; ") == true)
        #expect(rig.status?.hasSuffix("0 of 1 BGP session up") == true)
        let peering = try #require(rig.peerings.first)
        rig.send(.peering(.session(peering, .failed(.unreachable("Connection refused")))))
        #expect(rig.records.contains(.peeringFailed))
        let problem = "no BGP session with 192.168.1.1 (AS 64513): cannot connect: Connection refused"
        #expect(rig.status?.hasPrefix(problem) == true)
        #expect(rig.node.overview(at: rig.now).problems.contains(problem))
        rig.send(.peering(.session(peering, .down(.bfdDown))))
        #expect(rig.records.last == .peeringDown)
    }

    @Test func peopleSeeWhoTells() {
        var rig = Self.rig()
        let service = rig.node.overview(at: rig.now).services.first
        #expect(service?.addresses.first?.owner == nil)
        #expect(service?.addresses.first?.advertisers == ["pi1"])
        #expect(service?.problem == nil)
        rig.send(.pools(Self.pools(peers: []), from: .file))
        let lone = rig.node.overview(at: rig.now).services.first
        #expect(lone?.addresses.first?.advertisers == [])
        #expect(lone?.problem == "no router is told: there are no peers")
    }

    // MARK: A restart

    /// The API server may be away meanwhile.
    @Test func theNextDaemonTellsTheSameBeforeItHearsFromTheServer() throws {
        var old = Self.rig()
        old.send(.restart)
        let inheritances = old.directives.compactMap { if case .bequeath(let left) = $0 { left } else { nil } }
        let left = try #require(inheritances.last)
        #expect(left.routed?.addresses == [ip("10.9.0.0")])
        var rig = Rig(inheritance: left, at: old.now.advanced(by: .seconds(1)))
        rig.send(.pools(Self.pools(), from: .file))
        #expect(rig.spoken == [.with(old.peerings), .routes([prefix("10.9.0.0/32"): Path()])])
        rig.pass(.seconds(300))
        rig.send(.restart)
        let again = rig.directives.compactMap { if case .bequeath(let left) = $0 { left.routed } else { nil } }
        #expect(again.last == left.routed, "it passes that on")
        rig = Rig(inheritance: left, at: old.now.advanced(by: .seconds(1)))
        rig.send(.pools(Self.pools(), from: .file))
        rig.put(.named("web", ingress: ["10.9.0.0"]))
        rig.putEndpoints("web", on: ["pi1"])
        rig.clear()
        rig.sync()
        rig.pass(.seconds(1))
        #expect(rig.spoken.isEmpty, "all is as before")
        rig.delete("web")
        #expect(rig.spoken == [.change([prefix("10.9.0.0/32"): nil])])
    }

    @Test func whatTheListsTakeAwayIsTakenBack() {
        let routed = Inheritance.Routed(addresses: [ip("10.9.0.0")], labels: [:], nodeAddresses: [])
        var rig = Rig(inheritance: Inheritance(claims: [], routed: routed, leftAt: .zero))
        rig.send(.pools(Self.pools(), from: .file))
        #expect(rig.told == [prefix("10.9.0.0/32"): Path()])
        rig.sync()
        rig.pass(.seconds(1))
        #expect(rig.told == [:])
    }

    // MARK: The end

    @Test func theRoutersPreferOthersBeforeTheRoutesGo() {
        var rig = Self.rig()
        rig.clear()
        rig.send(.stop)
        #expect(rig.spoken == [.routes([prefix("10.9.0.0/32"): Path(communities: [.gracefulShutdown])])])
        rig.send(.gossip(.hasLeft))
        rig.pass(.milliseconds(100))
        #expect(rig.spoken.last == .end(text: "lbd on pi1 has been stopped"))
        #expect(!rig.directives.contains(.exit))
        rig.send(.peering(.ended))
        rig.pass(.milliseconds(1))
        #expect(rig.directives.last == .exit)
    }

    @Test func aRestartLeavesTheRoutes() {
        var rig = Self.rig()
        rig.clear()
        rig.send(.restart)
        #expect(rig.spoken == [.pause])
        #expect(rig.directives.last == .exit)
    }
}

extension Rig {
    fileprivate var spoken: [Speaking] {
        directives.compactMap { if case .speak(let speaking) = $0 { speaking } else { nil } }
    }

    /// The routes as a router has them that has heard all.
    fileprivate var told: [Prefix: Path]? {
        spoken.reduce(into: nil) { told, speaking in
            switch speaking {
            case .routes(let routes): told = routes
            case .change(let changes): for (prefix, path) in changes { told?[prefix] = path }
            case .with, .end, .pause: break
            }
        }
    }

    fileprivate var peerings: [Peering] {
        spoken.reduce(into: []) { peerings, speaking in if case .with(let fresh) = speaking { peerings = fresh } }
    }
}

/// An address that a test writes; what is none stops the test.
private func ip(_ text: String) -> IPAddress {
    guard let address = IPAddress(text) else { preconditionFailure("\(text) is no address") }
    return address
}

/// A prefix that a test writes; what is none stops the test.
private func prefix(_ text: String) -> Prefix {
    guard let prefix = Prefix(text) else { preconditionFailure("\(text) is no prefix") }
    return prefix
}
