import Testing

@testable import lbd

/// Mistakes in pools.yaml, each with where it is told and in which words.
@Suite struct BadPoolsTests {
    /// A configuration and the lines that `lbd check` prints for it, without the file's name.
    struct Case: Sendable, CustomTestStringConvertible {
        var text: String
        var lines: [String]

        var testDescription: String { lines.first ?? text }

        init(_ text: String, _ lines: String...) {
            self.text = text
            self.lines = lines
        }
    }

    @Test(arguments: syntax + structure + pools + addresses + hosts + bgp + peers)
    func eachMistakeIsToldWithItsPlaceAndWhatWouldBeRight(bad: Case) {
        #expect(throws: ConfigurationError.self) {
            try PoolsReader.read(Array(bad.text.utf8), file: "F")
        }
        do {
            _ = try PoolsReader.read(Array(bad.text.utf8), file: "F")
        } catch {
            #expect(error.description == bad.lines.map { "F:\($0)" }.joined(separator: "\n"))
        }
    }

    @Test func theTableIsLong() {
        #expect(
            Self.syntax.count + Self.structure.count + Self.pools.count + Self.addresses.count + Self.bgp.count
                + Self.peers.count >= 60)
    }

    /// A layer2 pool whose list of addresses is `items`.
    static func pool(_ items: String...) -> String {
        "address-pools:\n- name: a\n  protocol: layer2\n  addresses:\n"
            + items.map { "  - \($0)\n" }.joined()
    }

    /// A bgp pool with `lines` behind its addresses.
    static func bgpPool(_ lines: String...) -> String {
        "address-pools:\n- name: a\n  protocol: bgp\n  addresses: [10.0.0.0/24]\n"
            + lines.map { "  \($0)\n" }.joined()
    }

    /// A peer with `lines` behind what it must have.
    static func peer(_ lines: String...) -> String {
        "peers:\n- my-asn: 64512\n  peer-asn: 64513\n  peer-address: 10.0.0.1\n"
            + lines.map { "  \($0)\n" }.joined()
    }

    static let syntax = [
        Case("address-pools: [", "2:1: error: this is not YAML: did not find expected node content"),
        Case(
            "address-pools:\n\t- name: a\n",
            "2:1: error: this is not YAML: found character that cannot start any token: indent with spaces, never with tabs, and quote text that begins with @ or `"
        ),
        Case(
            "a: b: c\n",
            "1:5: error: this is not YAML: mapping values are not allowed in this context: a line before may lack its colon or differ in its indentation"
        ),
        Case(
            "address-pools: *nobody\n",
            "1:16: error: alias \"nobody\" has no anchor before it: write \"&nobody\" before what it repeats"),
        Case(
            "--- {}\n--- {}\n",
            "2:1: error: a second document begins here: only one is allowed, remove the line \"---\""),
        Case("peers: []\npeers: []\n", "2:1: error: key \"peers\" is given twice, first at 1:1: remove one"),
        Case("address-pools: !pools []\n", "1:16: error: unknown tag \"!pools\": remove it"),
        Case(
            "address-pools: \"\u{7}\"\n",
            "1:17: error: this is not YAML: control characters are not allowed: remove the character"),
    ]
    static let structure = [
        Case("- name: a\n", "1:1: error: the configuration must be a mapping (\"KEY: VALUE\" lines), not a list"),
        Case("hello\n", "1:1: error: the configuration must be a mapping (\"KEY: VALUE\" lines), not \"hello\""),
        Case(
            "address-pool: []\n",
            "1:1: error: unknown key \"address-pool\" in the configuration: did you mean \"address-pools\"? known are address-pools, peers, bgp-communities"
        ),
        Case(
            "addresspools: []\nPeers: []\n",
            "1:1: error: unknown key \"addresspools\" in the configuration: did you mean \"address-pools\"? known are address-pools, peers, bgp-communities",
            "2:1: error: unknown key \"Peers\" in the configuration: did you mean \"peers\"? known are address-pools, peers, bgp-communities"
        ),
        Case("address-pools: 3\n", "1:16: error: address-pools must be a list (\"- ITEM\" lines), not \"3\""),
        Case(
            "address-pools:\n  name: a\n", "2:3: error: address-pools must be a list (\"- ITEM\" lines), not a mapping"),
        Case(
            "apiVersion: v1\nkind: ConfigMap\ndata:\n  config: |\n    address-pools: []\n",
            "1:1: error: this is a whole Kubernetes object: only the text under its key \"config\" belongs here, unindented"
        ),
        Case(
            "apiVersion: metallb.io/v1beta1\nkind: IPAddressPool\nspec: {addresses: [10.0.0.0/24]}\n",
            "1:1: error: this is a Kubernetes object of kind \"IPAddressPool\": write its pool under address-pools instead, as in MetalLB's ConfigMap"
        ),
        Case("bgp-communities: []\n", "1:18: error: bgp-communities must be a mapping of names to communities"),
        Case(
            "nonsense: 1\n",
            "1:1: error: unknown key \"nonsense\" in the configuration: known are address-pools, peers, bgp-communities"
        ),
    ]
    static let pools = [
        Case(
            "address-pools:\n-\n",
            "2:2: error: this pool is empty: give it name, protocol and addresses, or remove the \"-\""),
        Case("address-pools:\n- a\n", "2:3: error: the pool must be a mapping (\"KEY: VALUE\" lines), not \"a\""),
        Case(
            "address-pools:\n- {}\n", "2:3: error: the pool has no name: add \"name: NAME\"",
            "2:3: error: the pool has no protocol: add \"protocol: layer2\" (or bgp)",
            "2:3: error: the pool has no addresses: add \"addresses:\" with a list such as \"- 192.168.2.128/25\""),
        Case(
            "address-pools:\n- protocol: layer2\n  addresses: [10.0.0.0/24]\n",
            "2:3: error: the pool has no name: add \"name: NAME\""),
        Case(
            "address-pools:\n- name: a\n  addresses: [10.0.0.0/24]\n",
            "2:3: error: the pool has no protocol: add \"protocol: layer2\" (or bgp)"),
        Case(
            "address-pools:\n- name: a\n  protocol: arp\n  addresses: [10.0.0.0/24]\n",
            "3:13: error: protocol must be layer2 or bgp, not \"arp\""),
        Case(
            "address-pools:\n- name: a\n  protocol: Layer2\n  addresses: [10.0.0.0/24]\n",
            "3:13: error: protocol must be layer2 or bgp, not \"Layer2\""),
        Case(
            "address-pools:\n- name: a\n  protocol: layer2\n",
            "2:3: error: the pool has no addresses: add \"addresses:\" with a list such as \"- 192.168.2.128/25\""),
        Case(
            "address-pools:\n- name: a\n  protocol: layer2\n  addresses: []\n",
            "4:14: error: the list of addresses is empty: add one such as \"- 192.168.2.128/25\""),
        Case(
            "address-pools:\n- name: a\n  protocol: layer2\n  addresses: 10.0.0.0/24\n",
            "4:14: error: addresses must be a list (\"- ITEM\" lines), not \"10.0.0.0/24\""),
        Case(
            "address-pools:\n- name: [a]\n  protocol: layer2\n  addresses: [10.0.0.0/24]\n",
            "2:9: error: name must be text, not a list"),
        Case(
            pool("10.0.0.0/24") + "- name: a\n  protocol: layer2\n  addresses: [10.0.1.0/24]\n",
            "6:9: error: the pool at line 2 has the name \"a\" already: each needs a name of its own"),
        Case(
            pool("10.0.0.255-10.0.1.0") + "  avoid-buggy-ips: true\n",
            "6:3: error: the pool has no addresses left: avoid-buggy-ips leaves out those that end in .0 or .255"),
        Case(
            pool("10.0.0.0/24") + "  auto-asign: false\n",
            "6:3: error: unknown key \"auto-asign\" in the pool: did you mean \"auto-assign\"? known are name, protocol, addresses, auto-assign, avoid-buggy-ips, bgp-advertisements"
        ),
        Case(
            pool("10.0.0.0/24") + "  auto-assign: maybe\n",
            "6:16: error: auto-assign must be true or false, not \"maybe\""),
        Case(
            pool("10.0.0.0/24") + "  auto-assign: \"true\"\n",
            "6:16: error: auto-assign must be true or false without quotes, not \"true\""),
        Case(
            pool("10.0.0.0/24") + "  avoid-buggy-ips: 1\n",
            "6:20: error: avoid-buggy-ips must be true or false, not \"1\""),
        Case(pool("10.0.0.0/24") + "  name: b\n", "6:3: error: key \"name\" is given twice, first at 2:3: remove one"),
    ]
    static let addresses = [
        Case(
            "address-pools:\n- name: a\n  protocol: layer2\n  adresses: [10.0.0.0/24]\n",
            "4:3: error: unknown key \"adresses\" in the pool: did you mean \"addresses\"? known are name, protocol, addresses, auto-assign, avoid-buggy-ips, bgp-advertisements"
        ),
        Case(
            pool("10.0.0.0/33"),
            "5:5: error: \"10.0.0.0/33\" is not a CIDR or range: the part before the slash is an IP address, the one after it 0 to 32, or to 128 for IPv6"
        ),
        Case(
            pool("10.0.0/24"),
            "5:5: error: \"10.0.0/24\" is not a CIDR or range: the part before the slash is an IP address, the one after it 0 to 32, or to 128 for IPv6"
        ),
        Case(
            pool("10.0.0.5"), "5:5: error: \"10.0.0.5\" is not a CIDR or range: for this one address write 10.0.0.5/32"),
        Case(pool("fd00::5"), "5:5: error: \"fd00::5\" is not a CIDR or range: for this one address write fd00::5/128"),
        Case(
            pool("10.0.0.256/24"),
            "5:5: error: \"10.0.0.256/24\" is not a CIDR or range: the part before the slash is an IP address, the one after it 0 to 32, or to 128 for IPv6"
        ),
        Case(
            pool("ten"),
            "5:5: error: \"ten\" is not a CIDR or range: write a CIDR such as 192.168.2.128/25, or a range such as 192.168.2.128-192.168.2.254"
        ),
        Case(
            pool("10.0.0.9-10.0.0.5"),
            "5:5: error: the range \"10.0.0.9-10.0.0.5\" is reversed: write 10.0.0.5-10.0.0.9"),
        Case(
            pool("10.0.0.5-fd00::9"),
            "5:5: error: the range \"10.0.0.5-fd00::9\" goes from IPv4 to IPv6: both ends must be of one family"),
        Case(
            pool("fd00::5-10.0.0.9"),
            "5:5: error: the range \"fd00::5-10.0.0.9\" goes from IPv6 to IPv4: both ends must be of one family"),
        Case(
            pool("10.0.0.5-10.0.0.300"),
            "5:5: error: \"10.0.0.300\" in the range \"10.0.0.5-10.0.0.300\" is not an IP address: write FIRST-LAST, for example 192.168.2.128-192.168.2.254"
        ),
        Case(
            pool("10.0.0.5-"),
            "5:5: error: \"\" in the range \"10.0.0.5-\" is not an IP address: write FIRST-LAST, for example 192.168.2.128-192.168.2.254"
        ),
        Case(
            pool("a-b"),
            "5:5: error: \"a\" in the range \"a-b\" is not an IP address: write FIRST-LAST, for example 192.168.2.128-192.168.2.254",
            "5:5: error: \"b\" in the range \"a-b\" is not an IP address: write FIRST-LAST, for example 192.168.2.128-192.168.2.254"
        ),
        Case(
            pool("10.0.0.0/24", "10.0.0.128/25"),
            "6:5: error: \"10.0.0.128/25\" overlaps \"10.0.0.0/24\" at line 5: each address may stand in one pool, once"
        ),
        Case(
            pool("10.0.0.128/25", "10.0.0.0/24"),
            "6:5: error: \"10.0.0.0/24\" overlaps \"10.0.0.128/25\" at line 5: each address may stand in one pool, once"
        ),
        Case(
            pool("10.0.0.1-10.0.0.9", "10.0.0.9-10.0.0.12"),
            "6:5: error: \"10.0.0.9-10.0.0.12\" overlaps \"10.0.0.1-10.0.0.9\" at line 5: each address may stand in one pool, once"
        ),
        Case(
            pool("10.0.0.0/24") + "- name: b\n  protocol: bgp\n  addresses: [10.0.0.77/32]\n",
            "8:15: error: \"10.0.0.77/32\" overlaps \"10.0.0.0/24\" of the pool \"a\" at line 5: each address may stand in one pool, once"
        ),
        Case(
            pool("fd00::/120", "fd00::8-fd00::9"),
            "6:5: error: \"fd00::8-fd00::9\" overlaps \"fd00::/120\" at line 5: each address may stand in one pool, once"
        ),
        Case(
            pool("3"),
            "5:5: error: \"3\" is not a CIDR or range: write a CIDR such as 192.168.2.128/25, or a range such as 192.168.2.128-192.168.2.254"
        ),
        Case(pool("{}"), "5:5: error: an address must be text, not a mapping"),
        Case(
            pool("10.0.0.0/024x"),
            "5:5: error: \"10.0.0.0/024x\" is not a CIDR or range: the part before the slash is an IP address, the one after it 0 to 32, or to 128 for IPv6"
        ),
    ]
    static let hosts = [
        Case(
            pool("::1:0/112 of"),
            "5:5: error: \"::1:0/112 of\" must end with the name of an interface, or the beginning of one and \"*\": for example \"::1:0-::1:ff of eth0\""
        ),
        Case(
            pool("::1:0/112 of en*p1"),
            "5:5: error: \"::1:0/112 of en*p1\" must end with the name of an interface, or the beginning of one and \"*\": for example \"::1:0-::1:ff of eth0\""
        ),
        Case(
            pool("::1:0/112 of a-name-of-16-let"),
            "5:5: error: \"::1:0/112 of a-name-of-16-let\" must end with the name of an interface, or the beginning of one and \"*\": for example \"::1:0-::1:ff of eth0\""
        ),
        Case(
            pool("::1:0/112 of eth0 eth1"),
            "5:5: error: \"::1:0/112 of eth0 eth1\" must end with the name of an interface, or the beginning of one and \"*\": for example \"::1:0-::1:ff of eth0\""
        ),
        Case(
            pool("2001:db8::1:0/112 of eth0"),
            "5:5: error: \"2001:db8::1:0/112 of eth0\" must name the lower 64 bits of IPv6 addresses alone, since the upper ones are the interface's: for example \"::1:0-::1:ff of eth0\""
        ),
        Case(
            pool("::/63 of eth0"),
            "5:5: error: \"::/63 of eth0\" must name the lower 64 bits of IPv6 addresses alone, since the upper ones are the interface's: for example \"::1:0-::1:ff of eth0\""
        ),
        Case(
            pool("0.0.0.1-0.0.0.9 of eth0"),
            "5:5: error: \"0.0.0.1-0.0.0.9 of eth0\" must name the lower 64 bits of IPv6 addresses alone, since the upper ones are the interface's: for example \"::1:0-::1:ff of eth0\""
        ),
        Case(
            pool("::10 of eth0"), "5:5: error: \"::10\" is not a CIDR or range: for this one address write ::10/128"),
        Case(
            pool("of eth0"),
            "5:5: error: \"\" is not a CIDR or range: write a CIDR such as 192.168.2.128/25, or a range such as 192.168.2.128-192.168.2.254"
        ),
        Case(
            pool("::1:0/112 of eth0", "::1:f-::1:1f of wlan0"),
            "6:5: error: \"::1:f-::1:1f of wlan0\" overlaps \"::1:0/112 of eth0\" at line 5: each address may stand in one pool, once"
        ),
        Case(
            "address-pools:\n- name: a\n  protocol: bgp\n  addresses:\n  - ::1:0/112 of eth0\n",
            "5:5: error: \"::1:0/112 of eth0\" follows the network of an interface, which a pool with protocol bgp has none of: write a CIDR or range"
        ),
    ]
    static let bgp = [
        Case(
            pool("10.0.0.0/24") + "  bgp-advertisements: [~]\n",
            "6:3: error: bgp-advertisements is for pools with protocol bgp: remove it, or change the protocol"),
        Case(
            pool("10.0.0.0/24") + "  bgp-advertisements:\n  - localpref: 1\n",
            "6:3: error: bgp-advertisements is for pools with protocol bgp: remove it, or change the protocol"),
        Case(
            bgpPool("bgp-advertisements: [{aggregation-length: 33}]"),
            "5:45: error: aggregation-length must be a whole number from 0 to 32, not \"33\""),
        Case(
            bgpPool("bgp-advertisements: [{aggregation-length: -1}]"),
            "5:45: error: aggregation-length must be a whole number from 0 to 32, not \"-1\""),
        Case(
            bgpPool("bgp-advertisements: [{aggregation-length: 23}]"),
            "5:45: error: aggregation-length 23 would announce addresses outside 10.0.0.0-10.0.0.255, which has a block of length 24: use 24 to 32"
        ),
        Case(
            "address-pools:\n- name: a\n  protocol: bgp\n  addresses: [10.0.0.0/24, 10.0.1.128-10.0.1.254]\n"
                + "  bgp-advertisements:\n  - aggregation-length: 31\n",
            "6:25: error: aggregation-length 31 would announce addresses outside 10.0.1.128-10.0.1.254, which has a block of length 32: use 32 to 32"
        ),
        Case(
            bgpPool("bgp-advertisements: [{aggregation-length-v6: 129}]"),
            "5:48: error: aggregation-length-v6 must be a whole number from 0 to 128, not \"129\""),
        Case(
            "address-pools:\n- name: a\n  protocol: bgp\n  addresses: [10.0.0.0/24, fd00::/120]\n"
                + "  bgp-advertisements:\n  - aggregation-length-v6: 64\n",
            "6:28: error: aggregation-length-v6 64 would announce addresses outside fd00::-fd00::ff, which has a block of length 120: use 120 to 128"
        ),
        Case(
            bgpPool(
                "bgp-advertisements: [{communities: [\((0...128).map { "\"1:2:\($0)\"" }.joined(separator: ","))]}]"),
            "5:38: error: an advertisement has at most 128 communities of each kind"),
        Case(
            bgpPool("bgp-advertisements: [{localpref: 4294967296}]"),
            "5:36: error: localpref must be a whole number from 0 to 4294967295, not \"4294967296\""),
        Case(
            bgpPool("bgp-advertisements: [{local-pref: 1}]"),
            "5:25: error: unknown key \"local-pref\" in the advertisement: did you mean \"localpref\"? known are aggregation-length, aggregation-length-v6, localpref, communities"
        ),
        Case(
            bgpPool("bgp-advertisements: [{communities: [no-such]}]"),
            "5:39: error: \"no-such\" is not a community: write two numbers from 0 to 65535, such as 64512:100"),
        Case(
            bgpPool("bgp-advertisements: [{communities: [no-exprot]}]"),
            "5:39: error: \"no-exprot\" is not a community: did you mean \"no-export\"? write two numbers from 0 to 65535, such as 64512:100"
        ),
        Case(
            bgpPool("bgp-advertisements: [{communities: [\"64512:65536\"]}]"),
            "5:39: error: \"64512:65536\" is not a community: write two numbers from 0 to 65535, such as 64512:100"),
        Case(
            bgpPool("bgp-advertisements: 5"),
            "5:23: error: bgp-advertisements must be a list (\"- ITEM\" lines), not \"5\""),
        Case(
            "bgp-communities:\n  a: 1:2:3\n",
            "2:6: error: \"1:2:3\" is not a community: write two numbers from 0 to 65535, such as 64512:100"),
    ]
    static let peers = [
        Case(
            "peers:\n-\n",
            "2:2: error: this peer is empty: give it my-asn, peer-asn and peer-address, or remove the \"-\""),
        Case(
            "peers:\n- my-asn: 1\n", "2:3: error: the peer has no peer-asn: add \"peer-asn: NUMBER\"",
            "2:3: error: the peer has no peer-address: add the router's IP address"),
        Case(
            "peers:\n- my-asn: 0\n  peer-asn: 64513\n  peer-address: 10.0.0.1\n",
            "2:11: error: my-asn must be a whole number from 1 to 4294967295, not \"0\""),
        Case(
            "peers:\n- my-asn: \"1\"\n  peer-asn: 4294967296\n  peer-address: 10.0.0.1\n",
            "2:11: error: my-asn must be a whole number from 1 to 4294967295 without quotes, not \"1\"",
            "3:13: error: peer-asn must be a whole number from 1 to 4294967295, not \"4294967296\""),
        Case(
            "peers:\n- my-asn: 1\n  peer-asn: 2\n  peer-address: router.lan\n",
            "4:17: error: peer-address must be an IP address, not \"router.lan\""),
        Case(
            peer() + "- {my-asn: 64512, peer-asn: 64513, peer-address: 10.0.0.1}\n",
            "5:3: error: this peer is the same as the one at line 2: remove one"),
        Case(peer("peer-port: 0"), "5:14: error: peer-port must be a whole number from 1 to 65535, not \"0\""),
        Case(
            peer("hold-time: 2s"),
            "5:14: error: hold-time \"2s\" is out of bounds: write 0s, or 3s to 18h12m15s in whole seconds, such as 90s or 1m30s"
        ),
        Case(
            peer("hold-time: 90"),
            "5:14: error: hold-time must be a duration, not \"90\": write 0s, or 3s to 18h12m15s in whole seconds, such as 90s or 1m30s"
        ),
        Case(
            peer("hold-time: 1500ms"),
            "5:14: error: hold-time \"1500ms\" is out of bounds: write 0s, or 3s to 18h12m15s in whole seconds, such as 90s or 1m30s"
        ),
        Case(
            peer("hold-time: 19h"),
            "5:14: error: hold-time \"19h\" is out of bounds: write 0s, or 3s to 18h12m15s in whole seconds, such as 90s or 1m30s"
        ),
        Case(
            peer("password: \(String(repeating: "x", count: 81))"),
            "5:13: error: the password is longer than the 80 bytes that TCP MD5 takes: shorten it, on the router as well"
        ),
        Case(
            peer("source-address: fd00::1"),
            "5:19: error: source-address must be an IP address of the same family as peer-address, not \"fd00::1\""),
        Case(
            peer("bfd: {password: 123456789012345678901}"),
            "5:19: error: the password of bfd must have 1 to 20 bytes, not 21"),
        Case(peer("bfd: {key-id: 7}"), "5:8: error: bfd has no password: add it, or remove key-id"),
        Case(
            peer("graceful-restart: {restart-time: 5000s}"),
            "5:36: error: restart-time must be a duration from 1s to 4095s in whole seconds, not \"5000s\""),
        Case(
            peer("ttl-security-hops: 255"),
            "5:22: error: ttl-security-hops must be a whole number from 1 to 254, not \"255\""),
        Case(
            peer("bfd: {transmit-interval: 9ms}"),
            "5:28: error: transmit-interval must be a duration from 10ms to 60s, not \"9ms\""),
        Case(
            peer("bfd: {detect-multiplier: 0}"),
            "5:28: error: detect-multiplier must be a whole number from 1 to 255, not \"0\""),
        Case(peer("router-id: fd00::1"), "5:14: error: router-id must be an IPv4 address, not \"fd00::1\""),
        Case(
            peer("node-selectors: [{match-label: {a: b}}]"),
            "5:21: error: unknown key \"match-label\" in the node selector: did you mean \"match-labels\"? known are match-labels, match-expressions"
        ),
        Case(
            peer("node-selectors: [{match-labels: [a]}]"),
            "5:35: error: match-labels must be a mapping of labels to values"),
        Case(
            peer("node-selectors: [{match-expressions: [{key: a, operator: in, values: [b]}]}]"),
            "5:60: error: operator must be one of In, NotIn, Exists, DoesNotExist, not \"in\""),
        Case(
            peer("node-selectors: [{match-expressions: [{key: a, operator: In}]}]"),
            "5:41: error: the operator In needs at least one of values"),
        Case(
            peer("node-selectors: [{match-expressions: [{key: a, operator: Exists, values: [b]}]}]"),
            "5:68: error: the operator Exists takes no values"),
        Case(
            peer("node-selectors: [{match-expressions: [{operator: Exists}]}]"),
            "5:41: error: the expression needs key and operator"),
        Case(
            peer("passwort: x"),
            "5:3: error: unknown key \"passwort\" in the peer: did you mean \"password\"? known are my-asn, peer-asn, peer-address, peer-port, hold-time, router-id, node-selectors, password, source-address, ttl-security-hops, passive, graceful-restart, bfd"
        ),
    ]
}
