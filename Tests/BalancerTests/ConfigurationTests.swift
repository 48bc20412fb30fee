import KubeWatch
import Testing
import Wire

@testable import Balancer

@Suite struct ConfigurationTests {
    private static let small = Rig.pools("192.168.1.240-192.168.1.241")
    private static let other = Rig.pools("192.168.1.100-192.168.1.101")

    private func configMap(_ text: String, _ revision: String = "7") -> PoolsSource {
        let key = ObjectKey(namespace: "metallb-system", name: "config")
        return .configMap(ObjectMeta(key: key, uid: "c", resourceVersion: revision), text: text)
    }

    private func mirrored(_ rig: Rig) -> [String] {
        rig.directives.compactMap { if case .mirror(let text) = $0 { text } else { nil } }
    }

    private func listened(_ rig: Rig) -> [String]? {
        rig.directives.compactMap { directive -> [String]? in
            if case .listen(let ranges) = directive { ranges.map(\.description) } else { nil }
        }.last
    }

    @Test func theFileServesBeforeTheServerIsHeardFrom() {
        var rig = Rig()
        rig.send(.pools(Self.small, from: .file))
        #expect(listened(rig) == ["192.168.1.240-192.168.1.241"])
        #expect(rig.status?.contains("waiting for the API server") == true)
    }

    @Test func theConfigMapRulesAndIsMirroredOnce() {
        var rig = Rig.leader()
        rig.clear()
        rig.send(.pools(Self.other, from: configMap("one")))
        #expect(listened(rig) == ["192.168.1.100-192.168.1.101"])
        rig.send(.pools(Self.other, from: configMap("one", "8")))
        #expect(mirrored(rig) == ["one"])
        rig.send(.pools(Self.small, from: .file))
        #expect(rig.node.configuration.pools == Self.other)
        rig.send(.pools(Self.other, from: configMap("two, but the same", "9")))
        #expect(mirrored(rig) == ["one", "two, but the same"])
    }

    /// The Shell must know that the file is a mirror now, to put edits of it back.
    @Test func aConfigMapIsMirroredAlsoWhereTheFileGaveTheSamePools() {
        var rig = Rig.leader()
        rig.send(.pools(Rig.pool, from: configMap("the same")))
        #expect(mirrored(rig) == ["the same"])
    }

    @Test func aConfigMapThatComesBackIsMirroredAgain() {
        var rig = Rig.leader()
        rig.send(.pools(Self.small, from: configMap("small")))
        rig.send(.change(.deleted(.configMap, ObjectKey(namespace: "metallb-system", name: "config"))))
        rig.send(.pools(Self.other, from: .file))
        rig.send(.pools(Self.small, from: configMap("small", "9")))
        #expect(rig.node.configuration.pools == Self.small)
        #expect(mirrored(rig) == ["small", "small"])
    }

    @Test func aConfigMapWaitsForTheServicesAtBoot() {
        var rig = Rig()
        rig.send(.pools(Rig.pool, from: .file))
        rig.send(.pools(Self.other, from: configMap("other")))
        #expect(rig.node.configuration.pools == Rig.pool)
        rig.put(.named("a", ingress: ["192.168.1.240"]))
        rig.sync()
        #expect(rig.node.configuration.pools == Rig.pool)
        #expect(rig.records.contains(.poolsRefused))
    }

    @Test func whatWouldTakeAnAddressAwayIsRefusedUntilItsServiceGivesItUp() {
        var rig = Rig.leader(services: [.named("a"), .named("b")])
        rig.clear()
        rig.send(.pools(Self.other, from: configMap("other")))
        #expect(rig.node.configuration.pools == Rig.pool)
        #expect(mirrored(rig).isEmpty)
        let reason = "192.168.1.240 of the Service \"default/a\" would be in no pool any more"
        #expect(rig.messages == ["The pools stay as they were: \(reason)"])
        #expect(rig.status?.hasPrefix("new pools refused: \(reason); announcing") == true)
        rig.delete("a")
        #expect(rig.node.configuration.pools == Rig.pool, "b still has one")
        rig.change("b") { $0.isLoadBalancer = false }
        #expect(rig.node.configuration.pools == Self.other)
        #expect(mirrored(rig) == ["other"])
    }

    @Test func aBrokenConfigMapChangesNothingAndIsToldOncePerVersion() {
        var rig = Rig.leader()
        rig.clear()
        for _ in 0..<2 { rig.send(.poolsRefused(problem: "config:3:1: error: …", from: configMap("bad"))) }
        #expect(rig.node.configuration.pools == Rig.pool)
        #expect(rig.messages == ["The pools stay as they were: config:3:1: error: …"])
        #expect(rig.events.first?.kind == .configMap)
        rig.send(.poolsRefused(problem: "config:4:1: error: …", from: configMap("worse", "8")))
        #expect(rig.events.count == 2)
        rig.send(.pools(Self.small, from: configMap("good", "9")))
        #expect(rig.node.configuration.pools == Self.small)
        #expect(rig.status?.hasPrefix("announcing") == true)
    }

    @Test func aDeletedConfigMapLeavesThePoolsAndTheFileCountsAgain() {
        var rig = Rig.leader()
        rig.send(.pools(Self.small, from: configMap("small")))
        rig.send(.change(.deleted(.configMap, ObjectKey(namespace: "metallb-system", name: "config"))))
        #expect(rig.node.configuration.pools == Self.small)
        rig.send(.pools(Self.other, from: .file))
        #expect(rig.node.configuration.pools == Self.other)
    }

    @Test func aBrokenFileIsNoProblemWhileTheConfigMapRules() {
        var rig = Rig.leader()
        rig.send(.pools(Self.small, from: configMap("small")))
        rig.clear()
        rig.send(.poolsRefused(problem: "pools.yaml:1:1: error: …", from: .file))
        #expect(rig.directives.isEmpty)
    }

    @Test func withoutPoolsTheStatusSaysWhatToDo() {
        let rig = Rig.leader(pools: nil)
        let hint = "no pools: create the ConfigMap metallb-system/config or write /etc/lbd/pools.yaml; announcing"
        #expect(rig.status?.hasPrefix(hint) == true)
    }
}
