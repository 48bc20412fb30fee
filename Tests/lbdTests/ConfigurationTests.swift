import NetLink
import Testing
import Wire

@testable import lbd

@Suite struct ConfigurationTests {
    static func read(_ text: String) throws -> Configuration {
        try ConfigurationReader.read(Array(text.utf8), file: "F", hostname: "Gooseberry")
    }

    @Test func anEmptyFileGivesTheDefaults() throws {
        let configuration = try Self.read("")
        #expect(configuration.node == "gooseberry")
        #expect(configuration.kubernetes.kubeconfig == "/etc/lbd/kubeconfig")
        #expect(
            configuration.kubernetes.namespace == "metallb-system" && configuration.kubernetes.configMap == "config")
        #expect(configuration.kubernetes.leaseNamespace == "lbd-system")
        #expect(configuration.kubernetes.loadBalancerClass == nil)
        #expect(configuration.allocate == .auto)
        #expect(configuration.pools == "/etc/lbd/pools.yaml" && configuration.state == "/var/lib/lbd")
        #expect(configuration.runtime == "/run/lbd" && configuration.refreshSeconds == 60)
        #expect(configuration.placement == .none)
        #expect(
            configuration.gossip.port == 7946 && configuration.bgpListen == nil
                && configuration.metricsListen == "127.0.0.1:7472")
    }

    @Test func everyKeyIsRead() throws {
        let configuration = try Self.read(
            """
            node: raspberry
            kubernetes: {kubeconfig: /k, namespace: n, configMap: c, leaseNamespace: l, loadBalancerClass: lbd.io/lan}
            allocate: never
            pools: /p
            state: /s
            runtime: /r
            interfaces: {include: [^eth0$], exclude: [], wireless: [^br0$]}
            announcements: {refreshSeconds: 0}
            placement: dummy
            addresses: {probe: false, conflicts: withdraw, strict: true}
            gossip: {bind: 10.0.0.1, port: 7947, join: [10.0.0.2, "10.0.0.3:7000", fd00::4, "[fd00::5]:7000"], secretFile: /f}
            bgp: {listen: "::"}
            metrics: {listen: "[::1]:7473"}
            """)
        #expect(configuration.node == "raspberry" && configuration.kubernetes.loadBalancerClass == "lbd.io/lan")
        #expect(configuration.allocate == .never)
        #expect(configuration.pools == "/p" && configuration.state == "/s" && configuration.runtime == "/r")
        #expect(configuration.interfaces == InterfacePatterns(include: ["^eth0$"], exclude: [], wireless: ["^br0$"]))
        #expect(configuration.placement == .dummy)
        #expect(!configuration.probes && configuration.withdraws && configuration.isStrict)
        #expect(configuration.refreshSeconds == 0 && configuration.gossip.bind.description == "10.0.0.1")
        #expect(
            configuration.gossip.join.map(\.description)
                == ["10.0.0.2:7947", "10.0.0.3:7000", "[fd00::4]:7947", "[fd00::5]:7000"])
        #expect(configuration.bgpListen == SocketAddress("[::]:179"))
        #expect(configuration.gossip.isEncrypted && configuration.gossip.secretFile == "/f")
        #expect(configuration.metricsListen == "[::1]:7473")
    }

    @Test func aMissingFileIsToldWhereItWasNamed() {
        #expect { try Configuration.load("/nonexistent/lbd.yaml") } throws: {
            "\($0)"
                == "/nonexistent/lbd.yaml: error: cannot open /nonexistent/lbd.yaml: No such file or directory"
        }
    }

    @Test(arguments: [
        (
            "nodes: a\n",
            "F:1:1: error: unknown key \"nodes\" in the settings: did you mean \"node\"? known are "
                + "node, kubernetes, allocate, pools, state, runtime, interfaces, announcements, placement, addresses, election, gossip, bgp, metrics"
        ),
        (
            "node: Rasp Berry\n",
            "F:1:7: error: node must be a node's name: small letters, digits, - and ., not \"Rasp Berry\""
        ),
        (
            "addresses:\n  conflicts: defent\n",
            "F:2:14: error: conflicts must be defend or withdraw, not \"defent\""
        ),
        ("node: pi\nallocate: yes\n", "F:2:11: error: allocate must be auto, always or never, not \"yes\""),
        ("allocate: [auto]\n", "F:1:11: error: allocate must be text, not a list"),
        ("pools: pools.yaml\n", "F:1:8: error: pools must be an absolute path, not \"pools.yaml\""),
        ("gossip:\n  port: 70000\n", "F:2:9: error: port must be a whole number from 1 to 65535, not \"70000\""),
        ("gossip: {bind: eth0}\n", "F:1:16: error: bind must be an IP address of this node, or 0.0.0.0, not \"eth0\""),
        (
            "gossip:\n  join: [10.0.0.2, raspberry]\n",
            "F:2:20: error: a member to join must be ADDRESS or ADDRESS:PORT, not \"raspberry\": names are not resolved"
        ),
        (
            "gossip:\n  encrypted: false\n  secretFile: /f\n",
            "F:3:15: error: secretFile is of no use where encrypted is false"
        ),
        (
            "bgp: {listen: eth0}\n",
            "F:1:15: error: listen must be ADDRESS or ADDRESS:PORT of this node, such as 0.0.0.0, not \"eth0\""
        ),
        ("metrics: {listen: localhost}\n", "F:1:19: error: listen must be ADDRESS:PORT, not \"localhost\""),
        (
            "announcements: {refreshSeconds: 1.5}\n",
            "F:1:33: error: refreshSeconds must be a whole number from 0 to 86400, not \"1.5\""
        ),
        (
            "placement: dumy\n",
            "F:1:12: error: placement must be none, interface or dummy, not \"dumy\": did you mean \"dummy\"?"
        ),
        ("placement: eth0\n", "F:1:12: error: placement must be none, interface or dummy, not \"eth0\""),
        ("placement: [dummy]\n", "F:1:12: error: placement must be text, not a list"),
    ])
    func aMistakeIsToldWithItsPlace(text: String, expected: String) {
        #expect { try Self.read(text) } throws: { "\($0)" == expected }
    }

    @Test func moreMembersToJoinThanThereMayBeAreRefused() {
        let list = Array(repeating: "10.0.0.2", count: 65).joined(separator: ", ")
        #expect { try Self.read("gossip: {join: [\(list)]}\n") } throws: {
            "\($0)" == "F:1:16: error: join must have at most 64 items, not 65"
        }
    }

    @Test func aNodeIsCalledInSmallLetters() throws {
        #expect(try Self.read("node: Gooseberry.Local\n").node == "gooseberry.local")
    }

    @Test func aHostNameThatIsNoNodeNameIsTold() throws {
        #expect {
            try ConfigurationReader.read([], file: "F", hostname: "my_pi")
        } throws: {
            "\($0)"
                == "F: error: the host's name \"my_pi\" cannot be a node's name: set \"node\" to this node's name as "
                + "kubectl get nodes shows it"
        }
        let named = try ConfigurationReader.read(Array("node: pi".utf8), file: "F", hostname: "my_pi")
        #expect(named.node == "pi")
    }

    @Test func aPatternThatCouldEatTheMemoryIsRefused() {
        #expect { try Self.read("interfaces: {exclude: [\"((a{1,255}){1,255}){1,255}\"]}\n") } throws: {
            "\($0)"
                == "F:1:24: error: the pattern \"((a{1,255}){1,255}){1,255}\" is too long or counts with \"{\": use at "
                + "most 256 bytes, and + or *"
        }
    }

    @Test func aBrokenPatternIsRefused() {
        #expect { try Self.read("interfaces:\n  exclude: [\"(\"]\n") } throws: {
            "\($0)".hasPrefix("F:2:13: error: \"(\" is not a regular expression: ")
        }
    }

    @Test func interfacesAreJudgedByTheirNames() throws {
        func links(_ patterns: InterfacePatterns) -> [String] {
            let names = ["lo", "eth0", "wlan0", "veth12", "docker0"]
            let interfaces = names.enumerated().map { index, name in
                Interface(index: UInt32(index + 1), name: name, macAddress: nil, isUp: true)
            }
            return patterns.judge(interfaces).filter { !$0.isExcluded }.map {
                $0.interface.name + ($0.isNamed ? "*" : "")
            }
        }
        #expect(links(InterfacePatterns()) == ["eth0", "wlan0"])
        #expect(links(InterfacePatterns(include: ["^eth", "^veth"])) == ["eth0*"])
        #expect(links(InterfacePatterns(exclude: ["^eth"])) == ["lo", "wlan0", "veth12", "docker0"])
    }

    @Test func whatIsARadioMayBeSaid() {
        let interfaces = ["eth0", "br-lan"].enumerated().map { index, name in
            Interface(index: UInt32(index + 2), name: name, macAddress: nil, isUp: true)
        }
        #expect(InterfacePatterns().judge(interfaces).map(\.isWireless) == [false, false])
        #expect(InterfacePatterns(wireless: ["^br"]).judge(interfaces).map(\.isWireless) == [false, true])
    }
}
