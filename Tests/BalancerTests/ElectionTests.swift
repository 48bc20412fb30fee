import KubeWatch
import Testing
import Wire

@testable import Balancer

@Suite struct ElectionTests {
    private static let three = ["pi1", "pi2", "pi3"]

    /// Orders computed with MetalLB's own rule: by address as its newest version, by Service as version 0.9 has it.
    @Test(arguments: [
        ("192.168.1.240", ["pi2", "pi3", "pi1"]), ("192.168.1.241", ["pi1", "pi3", "pi2"]),
        ("192.168.1.242", ["pi1", "pi2", "pi3"]), ("fd00::240", ["pi2", "pi1", "pi3"]),
        ("default/nginx", ["pi3", "pi1", "pi2"]), ("default/traefik", ["pi2", "pi3", "pi1"]),
    ])
    func theOrderIsMetalLBs(subject: String, expected: [String]) {
        #expect(Election.order(Self.three, for: subject) == expected)
    }

    private func node(_ name: String, isUnavailable: Bool = false, isExcluded: Bool = false) -> Node {
        Node(
            metadata: ObjectMeta(key: ObjectKey(namespace: "", name: name)), isNetworkUnavailable: isUnavailable,
            isExcluded: isExcluded)
    }

    private func winner(
        _ nodes: [Node], presences: [String: String] = [:], serving: Backends.Reach = .everywhere
    ) throws -> String? {
        let alive = nodes.map { ($0.metadata.key.name, presences[$0.metadata.key.name] ?? "192.168.1.1/24") }
        let election = Election(
            nodes: Dictionary(uniqueKeysWithValues: nodes.map { ($0.metadata.key.name, $0) }),
            Roster(alive: Dictionary(uniqueKeysWithValues: alive).mapValues { Presence($0) }))
        let address = try #require(IPAddress("192.168.1.240"))
        return election.candidates(for: address, servedBy: serving).order(for: address).first
    }

    @Test func theFirstHealthyNodeInTheOrderWins() throws {
        #expect(try winner([node("pi1"), node("pi2"), node("pi3")]) == "pi2")
        #expect(try winner([node("pi1"), node("pi2", isUnavailable: true), node("pi3")]) == "pi3")
        #expect(try winner([node("pi1"), node("pi2", isExcluded: true), node("pi3")]) == "pi3")
    }

    @Test func theExcludingLabelIsIgnoredWhereAllNodesBearIt() throws {
        #expect(try winner([node("pi1", isExcluded: true)]) == "pi1")
    }

    @Test func onlyNodesThatServeAreCandidates() throws {
        let nodes = Self.three.map { node($0) }
        #expect(try winner(nodes, serving: .only(["pi1", "pi3"])) == "pi3")
        #expect(try winner(nodes, serving: .only(["elsewhere"])) == nil)
    }

    @Test func aNodeInTheSubnetComesBeforeOneWithANamedInterface() throws {
        let nodes = Self.three.map { node($0) }
        let away = "10.0.0.1/24,named"
        #expect(try winner(nodes, presences: ["pi2": away, "pi3": "10.0.0.3/24"]) == "pi1")
        #expect(try winner(nodes, presences: ["pi1": away, "pi2": "", "pi3": away]) == "pi3")
        #expect(try winner(nodes, presences: ["pi1": "", "pi2": "", "pi3": ""]) == nil)
    }

    @Test func aPresenceReadsBackAndSkipsWordsItDoesNotKnow() {
        let text = "192.168.2.11/24,fd00::11/64,named"
        #expect(Presence(text).text == text)
        #expect(Presence("future,192.168.2.11/24,1.2.3.4").text == "192.168.2.11/24")
    }

    // MARK: Sharing an address

    @Test func sharersAreAnsweredForWhereAllCanBeServedElseWhereAnyCan() {
        #expect(Backends.Reach.shared(by: []) == nil)
        #expect(Backends.Reach.shared(by: [.everywhere, .only(["a"])]) == .only(["a"]))
        #expect(Backends.Reach.shared(by: [.only(["a", "b"]), .only(["b"])]) == .only(["b"]))
        #expect(Backends.Reach.shared(by: [.only(["a"]), .only(["b"])]) == .only(["a", "b"]))
    }
}
