import Foundation
import Testing

@testable import lbd

/// From what was seen to what is said: the cluster, the group, radios and clocks.
@Suite struct ClusterCheckTests {
    @Test func everyWayToTheServerSaysWhatToDo() {
        let bad: [(ClusterCheck.Way, Finding.Level)] = [
            (.noKubeconfig(path: "/k"), .warning), (.unusable(problem: "/k: error: no"), .warning),
            (.unreachable(server: "https://a", reason: "refused"), .warning),
            (.unauthorized(server: "https://a", problem: "Unauthorized"), .error),
            (.refused(server: "https://a", problem: "HTTP status 418"), .warning),
        ]
        for (way, level) in bad {
            #expect(ClusterCheck.findings(way, certificateSecondsLeft: nil).map(\.level) == [level])
        }
        #expect(
            ClusterCheck.findings(.reached(server: "https://a"), certificateSecondsLeft: nil).map(\.level) == [.fine])
    }

    @Test func certificatesAreToldOfBeforeTheyEnd() {
        func last(_ seconds: Int) -> Finding? {
            ClusterCheck.findings(.reached(server: "https://a"), certificateSecondsLeft: seconds).last
        }
        #expect(last(31 * 86_400)?.level == .fine)
        #expect(last(5 * 86_400)?.what == "the client certificate in the kubeconfig expires in 5 d")
        #expect(last(-7_300)?.what == "the client certificate in the kubeconfig has expired, 2 h ago")
        #expect(last(-7_300)?.level == .error)
    }

    private func permission(_ verb: String, _ resource: String = "leases") -> Permission {
        Permission(verb: verb, group: "", resource: resource, subresource: nil, namespace: "lbd-system", name: nil)
    }

    @Test func aMissingVerbIsNamed() {
        let findings = PermissionCheck.findings(
            [
                .init(permission: permission("list"), isAllowed: true),
                .init(permission: permission("patch"), isAllowed: false),
            ], reason: nil)
        #expect(findings.map(\.level) == [.fine, .error])
        #expect(findings[1].what == "lbd may not patch leases in the namespace lbd-system")
        #expect(findings[1].advice?.contains("kubectl apply") == true)
    }

    @Test func whatWasNotAskedIsSaid() {
        #expect(PermissionCheck.findings([], reason: "no answer").map(\.level) == [.unknown])
        let all = PermissionCheck.findings([.init(permission: permission("list"), isAllowed: true)], reason: nil)
        #expect(all == [.fine(.permissions, "it has all 1 of the permissions in the manifest that it needs")])
    }

    /// The list comes from the manifest that the program carries.
    @Test func thePermissionsAreThoseOfTheManifest() throws {
        var configuration = Configuration(hostname: "pi")
        let all = try Manifest.permissions(for: configuration).map(\.description)
        #expect(
            all == [
                "list services", "watch services", "list nodes", "watch nodes", "list endpointslices",
                "watch endpointslices", "patch services/status", "create events",
                "list leases in the namespace lbd-system", "watch leases in the namespace lbd-system",
                "create leases in the namespace lbd-system", "patch leases in the namespace lbd-system",
                "delete leases in the namespace lbd-system",
                "list configmaps \"config\" in the namespace metallb-system",
                "watch configmaps \"config\" in the namespace metallb-system",
                "list secrets \"memberlist\" in the namespace metallb-system",
                "watch secrets \"memberlist\" in the namespace metallb-system",
                "create secrets in the namespace metallb-system", "list pods in the namespace metallb-system",
                "watch pods in the namespace metallb-system",
            ])
        configuration.allocate = .always
        configuration.gossip.isEncrypted = false
        configuration.kubernetes.namespace = "lb"
        configuration.kubernetes.configMap = "pools"
        configuration.kubernetes.leaseNamespace = "leases"
        let few = try Manifest.permissions(for: configuration)
        #expect(!few.contains { ["pods", "secrets"].contains($0.resource) })
        #expect(few.map(\.description).contains("watch configmaps \"pools\" in the namespace lb"))
        #expect(few.map(\.description).contains("patch leases in the namespace leases"))
    }

    @Test func aReviewAsksForOneVerb() throws {
        let permission = Permission(
            verb: "patch", group: "", resource: "services", subresource: "status", namespace: nil, name: nil)
        let text = String(decoding: permission.review, as: UTF8.self)
        for part in [
            #""kind":"SelfSubjectAccessReview""#, #""verb":"patch""#, #""group":"""#, #""subresource":"status""#,
        ] { #expect(text.contains(part)) }
        #expect(!text.contains("namespace") && !text.contains("\"name\""))
        #expect(Permission.isAllowed(Array(#"{"status":{"allowed":true,"reason":"x"}}"#.utf8)) == true)
        #expect(Permission.isAllowed(Array(#"{"status":{"allowed":false}}"#.utf8)) == false)
        #expect(Permission.isAllowed(Array("hello".utf8)) == nil)
    }

    @Test func serviceLBIsFoundByItsSettingsAndByWhatItWrites() {
        func findings(_ role: ServiceLBCheck.Evidence.Role, _ services: [String]?) -> [Finding.Level] {
            ServiceLBCheck.findings(.init(role: role, nodeServices: services)).map(\.level)
        }
        #expect(findings(.none, nil) == [.fine])
        #expect(findings(.server(isDisabled: true), []) == [.fine])
        #expect(findings(.server(isDisabled: false), []) == [.warning])
        #expect(findings(.agent, []) == [.fine])
        #expect(findings(.agent, nil) == [.unknown])
        #expect(findings(.none, ["default/web"]) == [.error])
        #expect(findings(.server(isDisabled: true), ["default/web"]) == [.error])
    }

    @Test(arguments: [
        ("disable: [traefik, servicelb]", true), ("disable:\n- servicelb\n", true),
        ("disable: traefik,servicelb", true),
        ("disable+:\n- servicelb\n", true), ("disable: [traefik]", false), ("token: servicelb", false), ("", false),
        ("disable: [", false),
    ])
    func k3sSettings(text: String, isDisabled: Bool) {
        #expect(K3s.isDisabled(inSettings: text) == isDisabled)
    }

    @Test(arguments: [
        ("/usr/local/bin/k3s\0server\0--disable\0servicelb\0", true),
        ("/usr/local/bin/k3s\0server\0--disable=traefik,servicelb\0", true),
        ("ExecStart=/usr/local/bin/k3s \\\n    server \\\n\t'--disable' \\\n\t'servicelb' \\\n", true),
        ("/usr/local/bin/k3s\0server\0--disable\0traefik\0", false), ("/usr/local/bin/k3s server", false),
    ])
    func k3sCommands(text: String, isDisabled: Bool) {
        #expect(K3s.isDisabled(inCommand: text) == isDisabled)
    }

    /// A server by its unit, which says what is switched off; by a process, with its settings in a file; an agent; nothing.
    @Test func whatOfK3sIsThereIsSeen() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("lbd-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        func write(_ text: String, to path: String) throws {
            let file = folder.appendingPathComponent(path)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: file)
        }
        let root = folder.path
        let places = K3s.Places(
            configuration: "\(root)/config.yaml", fragments: "\(root)/config.yaml.d",
            serverUnits: ["\(root)/k3s.service"], agentUnits: ["\(root)/k3s-agent.service"], processes: "\(root)/proc")
        #expect(K3s.role(at: places) == .none)
        try write("", to: "k3s-agent.service")
        #expect(K3s.role(at: places) == .agent)
        try write("/usr/local/bin/k3s\0server\0", to: "proc/77/cmdline")
        try write("k3s server --disable servicelb", to: "proc/self/cmdline")
        #expect(K3s.role(at: places) == .server(isDisabled: false))
        try write("disable: [servicelb]\n", to: "config.yaml.d/10-lbd.yaml")
        #expect(K3s.role(at: places) == .server(isDisabled: true))
        try FileManager.default.removeItem(atPath: "\(root)/config.yaml.d")
        try write("ExecStart=/usr/local/bin/k3s \\\n  server \\\n  '--disable=servicelb'\n", to: "k3s.service")
        #expect(K3s.role(at: places) == .server(isDisabled: true))
    }

    // MARK: The group

    private func peer(_ gossip: String?, _ isAlive: Bool?, _ outcome: GossipCheck.Outcome) -> [Finding] {
        GossipCheck.findings(
            [
                .init(
                    name: "blackberry", address: "192.168.2.12:7946", isAlive: isAlive, gossip: gossip, outcome: outcome
                )
            ],
            port: 7946, hasDaemon: true)
    }

    @Test func whoIsHeardAndReachedIsFine() {
        #expect(peer("alive", true, .connected).map(\.level) == [.fine])
        // A speaker of MetalLB's.
        #expect(peer("alive", nil, .connected).map(\.level) == [.fine, .hint])
    }

    @Test func whoIsNotIsTold() {
        let blocked = peer("alive", true, .silent(reason: "no answer"))
        #expect(blocked.map(\.level) == [.warning] && blocked[0].advice?.contains("port 7946") == true)
        #expect(peer("alive", true, .refused).map(\.level) == [.warning])
        #expect(peer("dead", true, .connected).map(\.level) == [.error])
        #expect(peer(nil, true, .silent(reason: "no answer")).map(\.level) == [.error])
        #expect(peer("dead", false, .refused).map(\.level) == [.hint])
    }

    @Test func withoutADaemonOnlyTheNamedAreTried() {
        let named = GossipCheck.Peer(
            name: "10.0.0.2:7946", address: "10.0.0.2:7946", isAlive: nil, gossip: nil, outcome: .refused)
        #expect(GossipCheck.findings([named], port: 7946, hasDaemon: false).map(\.level) == [.warning, .unknown])
        #expect(GossipCheck.findings([], port: 7946, hasDaemon: false).map(\.level) == [.unknown])
        #expect(GossipCheck.findings([], port: 7946, hasDaemon: true).map(\.level) == [.fine])
    }

    // MARK: The node

    @Test func clocksAreCompared() {
        func levels(_ isSynchronized: Bool?, _ difference: Int?) -> [Finding.Level] {
            ClockCheck.findings(isSynchronized: isSynchronized, differenceSeconds: difference).map(\.level)
        }
        #expect(levels(true, 60) == [.fine, .fine])
        #expect(levels(false, -60) == [.hint, .fine])
        #expect(levels(nil, nil) == [.unknown, .unknown])
        #expect(levels(true, -61) == [.fine, .warning])
        let ahead = ClockCheck.findings(isSynchronized: true, differenceSeconds: 7_300)
        #expect(ahead[1].what.hasPrefix("it is 2 h ahead of the API server's"))
    }

    @Test func radiosAreExplained() {
        func levels(_ savesPower: Bool?) -> [Finding.Level] {
            WirelessCheck.findings([.init(name: "wlan0", addressCount: 2, savesPower: savesPower)]).map(\.level)
        }
        #expect(
            levels(true) == [.fine, .hint] && levels(false) == [.fine, .fine] && levels(nil) == [.fine, .unknown])
        #expect(WirelessCheck.findings([]).isEmpty)
    }

    @Test func theDaemonSaysWhatIsWrong() throws {
        let json = #"""
            {"node":"pi","version":"0","problems":["no pools"],"services":[],"pools":[],"members":[],"gossip":[],"peers":[]}
            """#
        let status = try StatusTableTests.status(json)
        let findings = DaemonCheck.findings(.status(status))
        #expect(findings.map(\.level) == [.fine, .hint, .warning] && findings[2].what == "no pools")
        #expect(DaemonCheck.findings(.absent(socket: "x")).map(\.level) == [.warning])
        #expect(DaemonCheck.findings(.silent(reason: "x")).map(\.level) == [.unknown])
    }
}
