import BGP
import Balancer
import Testing
import Wire

@testable import lbd

@Suite struct GoodPoolsTests {
    static func read(_ text: String) throws -> Pools {
        try PoolsReader.read(Array(text.utf8), file: "F")
    }

    /// The two ways in which the owner of a shelf of Pis is taught to write the upper half of a network.
    @Test(arguments: [
        ("192.168.2.128/25", "192.168.2.128-192.168.2.255"),
        ("192.168.2.128-192.168.2.254", "192.168.2.128-192.168.2.254"),
        ("192.168.2.128 - 192.168.2.254", "192.168.2.128-192.168.2.254"),
        ("192.168.2.200/25", "192.168.2.128-192.168.2.255"),
        ("fd00::/120", "fd00::-fd00::ff"),
    ])
    func aPoolIsWrittenAsBlockOrRange(written: String, range: String) throws {
        let pools = try Self.read(
            """
            address-pools:
            - name: address-pool-1
              protocol: layer2
              addresses:
              - \(written)
            """)
        let pool = try #require(pools.pools.first)
        #expect(pool.name == "address-pool-1" && pool.announcementProtocol == .layer2)
        #expect(pool.ranges.map(\.description) == [range])
        #expect(pool.isAutoAssigned && !pool.avoidsBuggyIPs && pool.advertisements.isEmpty)
    }

    @Test(arguments: [
        ("::1:0-::1:ff of eth0", "::1:0-::1:ff of eth0"), ("::1:0 - ::1:ff  of  eth0", "::1:0-::1:ff of eth0"),
        ("::1:0/120 of enp*", "::1:0-::1:ff of enp*"), ("'::/64 of *'", "::-::ffff:ffff:ffff:ffff of *"),
        ("::1:0/128 of of", "::1:0-::1:0 of of"),
    ])
    func aPoolMayFollowAnInterface(written: String, hosts: String) throws {
        let pools = try Self.read(
            """
            address-pools:
            - name: home
              protocol: layer2
              avoid-buggy-ips: true
              addresses:
              - 192.168.2.128/25
              - \(written)
              # Not the same: these have a network, and it is 0.
              - ::1:0/120
            """)
        let pool = try #require(pools.pools.first)
        #expect(pool.hosts.map(\.description) == [hosts])
        #expect(pool.ranges.map(\.description) == ["192.168.2.128-192.168.2.255", "::1:0-::1:ff"])
    }

    @Test func whatFollowsIsCounted() throws {
        let text = "address-pools:\n- name: a\n  protocol: layer2\n  addresses: [10.0.0.0/24, '::1:0/120 of eth0']\n"
        #expect(Check.summary(of: try Self.read(text)) == "1 pool, 512 addresses")
    }

    @Test(arguments: ["", "# nothing\n", "~\n", "{}\n", "address-pools:\n", "address-pools: []\npeers:\n"])
    func anEmptyFileIsValid(text: String) throws {
        #expect(try Self.read(text) == Pools())
    }

    @Test(arguments: ["bgp-advertisements:", "bgp-advertisements: [~]", "auto-assign: true"])
    func aNullAdvertisementMeansTheDefaults(line: String) throws {
        let pools = try Self.read(
            "address-pools:\n- name: a\n  protocol: bgp\n  addresses: [10.0.0.0/24]\n  \(line)\n")
        #expect(pools.pools.first?.advertisements == [Advertisement()])
    }

    @Test func everyKeyOfTheLegacyFormatIsRead() throws {
        let pools = try Self.read(
            """
            peers:
            - my-asn: 64500
              peer-asn: 4200000000
              peer-address: 10.0.0.1
              peer-port: 1179
              hold-time: 1m30s
              router-id: 10.0.0.9
              password: "secret"
              node-selectors:
              - match-labels: {rack: frontend, arch: arm64}
                match-expressions:
                - {key: network-speed, operator: NotIn, values: [slow]}
            bgp-communities:
              no-advertise: 65535:65282
            address-pools:
            - name: bgp-pool
              protocol: bgp
              addresses: [198.51.100.0/24, 203.0.113.4-203.0.113.7]
              avoid-buggy-ips: yes
              auto-assign: off
              bgp-advertisements:
              - aggregation-length: 32
                localpref: 100
                communities: [no-advertise, "64512:1"]
            """)
        let peer = try #require(pools.peers.first)
        #expect(peer.localASN == 64500 && peer.peerASN == 4_200_000_000 && peer.port == 1179)
        #expect(peer.holdTimeSeconds == 90 && peer.password == "secret")
        #expect(peer.routerID == IPv4Address("10.0.0.9"))
        #expect(
            peer.nodeSelectors.first?.requirements == [
                .init(key: "arch", comparison: .isIn, values: ["arm64"]),
                .init(key: "rack", comparison: .isIn, values: ["frontend"]),
                .init(key: "network-speed", comparison: .notIn, values: ["slow"]),
            ])
        let pool = try #require(pools.pools.first)
        #expect(!pool.isAutoAssigned && pool.avoidsBuggyIPs && pool.ranges.count == 2)
        #expect(
            pool.advertisements.first
                == Advertisement(
                    aggregationLength: 32, localPreference: 100,
                    communities: [Community(high: 64512, low: 1), Community(high: 65535, low: 65282)]))
    }

    @Test func whatMetalLBDoesNotKnowIsReadAsWell() throws {
        let pools = try Self.read(
            """
            peers:
            - {my-asn: 1, peer-asn: 2, peer-address: fd00::1, source-address: fd00::9, ttl-security-hops: 2, bfd: {}}
            - {my-asn: 1, peer-asn: 2, peer-address: 10.0.0.2, passive: true, graceful-restart: {enabled: false}}
            - my-asn: 1
              peer-asn: 2
              peer-address: 10.0.0.3
              graceful-restart: {restart-time: 5m, long-lived-stale-time: 1h}
              bfd: {password: tea, key-id: 0}
            - {my-asn: 1, peer-asn: 2, peer-address: 10.0.0.1, bfd: {transmit-interval: 50ms, detect-multiplier: 5, hops: 2}}
            bgp-communities: {no-peer: "1:9"}
            address-pools:
            - name: six
              protocol: bgp
              addresses: [fd01::/112]
              bgp-advertisements:
              - aggregation-length-v6: 120
                communities: [no-export, no-peer, "64512:1:4294967295", "64512:0:2"]
            """)
        #expect(pools.peers.first?.sourceAddress == IPAddress("fd00::9"))
        #expect(pools.peers.first?.securityHops == 2)
        #expect(pools.peers.first?.bfd == BFD.Settings())
        #expect(pools.peers[1].isPassive && pools.peers[1].restart == nil)
        #expect(!pools.peers[2].isPassive)
        #expect(
            pools.peers[2].restart
                == BGP.Settings.Restart(restartTimeSeconds: 300, longLivedStaleTimeSeconds: 3600))
        #expect(
            pools.peers[2].bfd?.authentication
                == BFD.Authentication(keyID: 0, key: "tea".utf8, isMeticulous: true))
        #expect(pools.peers.first?.restart == BGP.Settings.Restart())
        #expect(
            pools.peers.last?.bfd
                == BFD.Settings(detectMultiplier: 5, transmitInterval: .milliseconds(50), minimumHopLimit: 254))
        #expect(
            pools.pools.first?.advertisements == [
                Advertisement(
                    aggregationLengthIPv6: 120, communities: [Community(high: 1, low: 9), .noExport],
                    largeCommunities: [LargeCommunity(64_512, 0, 2), LargeCommunity(64_512, 1, .max)])
            ])
    }

    @Test(arguments: [
        ("10.0.0.0", "10.0.0.255", 24), ("10.0.0.128", "10.0.0.254", 32), ("10.0.0.64", "10.0.0.191", 26),
        ("10.0.0.2", "10.0.0.7", 31), ("0.0.0.0", "255.255.255.255", 0), ("fd00::", "fd00::ff", 120),
        ("::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 0),
    ])
    func aRangeIsCoveredByItsBlocks(first: String, last: String, longest: Int) throws {
        let ends = (first: try #require(IPAddress(first)), last: try #require(IPAddress(last)))
        let range = try #require(AddressRange(ends.first, ends.last))
        #expect(range.longestPrefix == longest)
    }

    /// What MetalLB took without a word, however odd.
    @Test(arguments: [
        "address-pools:\n- {name: a, protocol: layer2, addresses: [10.0.0.0/24], bgp-advertisements: []}\n",
        "address-pools:\n- {name: a, protocol: layer2, addresses: [10.0.0.0/24], bgp-advertisements: ~}\n",
        "address-pools:\n- {name: a, protocol: bgp, addresses: [10.0.0.0/24, fd00::/120], bgp-advertisements: [{aggregation-length: 24}]}\n",
        "peers:\n- {my-asn: 0xFC00, peer-asn: 64_513, peer-address: fd00::1, hold-time: \"\", router-id: \"\"}\n",
        "peers:\n- {my-asn: 1, peer-asn: 1, peer-address: 10.0.0.1, node-selectors: [~, {match-labels: {a: ~}}]}\n",
        "address-pools:\n- {name: 12, protocol: layer2, addresses: [10.0.0.9/24, 10.0.1.0/24], auto-assign: ~}\n",
    ])
    func whatMetalLBTookIsTaken(text: String) throws {
        let pools = try Self.read(text)
        #expect(pools.pools.count + pools.peers.count == 1)
    }

    @Test func theMirrorSaysTheSameAsTheConfigMap() throws {
        let text = "address-pools:\n- name: a\n  protocol: layer2\n  addresses: [10.0.0.0/24]\n"
        let mirrored = Mirror.contents(of: text, configMap: "metallb-system/config")
        #expect(
            String(decoding: mirrored, as: UTF8.self).hasPrefix(
                "# This file mirrors the ConfigMap metallb-system/config"))
        #expect(String(decoding: mirrored, as: UTF8.self).hasSuffix("\n" + text))
        #expect(try PoolsReader.read(mirrored, file: "F") == Self.read(text))
    }
}
