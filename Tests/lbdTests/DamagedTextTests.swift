import Testing
import Wire

@testable import lbd

/// Whatever the bytes, the readers answer; they never end the process.
@Suite struct DamagedTextTests {
    static let pools = """
        # Everything that the format has.
        peers:
        - {my-asn: 64500, peer-asn: 64501, peer-address: 10.0.0.1, peer-port: 1179, hold-time: 1m30s, router-id: 10.0.0.9}
        - my-asn: 0xFBF4
          peer-asn: 64_501
          peer-address: fd00::1
          password: "s\\x65cret"
          node-selectors:
          - match-labels: &labels {rack: frontend}
            match-expressions: [{key: speed, operator: NotIn, values: [slow]}]
          - match-labels: {<<: *labels, arch: arm64}
        bgp-communities: {no-advertise: 65535:65282}
        address-pools:
        - name: home
          protocol: layer2
          addresses: [192.168.2.128/25, "192.168.3.1 - 192.168.3.9", fd00::/120]
          auto-assign: off
        - name: bgp
          protocol: bgp
          addresses:
          - 198.51.100.0/24
          avoid-buggy-ips: yes
          bgp-advertisements: [~, {aggregation-length: 24, localpref: 100, communities: [no-advertise, 1:2]}]
        """

    static let settings = """
        node: gooseberry
        kubernetes: {kubeconfig: /k, namespace: n, configMap: c, leaseNamespace: l, loadBalancerClass: lbd.io/lan}
        pools: /p
        interfaces: {include: ["^eth[0-9]+(|.1)$"], exclude: ["^(docker|veth).*"]}
        announcements: {refreshSeconds: 0}
        gossip: {bind: 10.0.0.1, port: 7947, join: [10.0.0.2], secretFile: /f}
        metrics: {listen: "[::1]:7473"}
        """

    static let kubeconfig = KubeconfigTests.kubeconfig(
        user: "{client-certificate-data: Q0VSVA==, client-key-data: S0VZ, token: abc, tokenFile: t}")

    /// `bytes` with one to four runs of bytes replaced by chance, by another run of the text, or by nothing.
    static func damaged(_ bytes: [UInt8], using rng: inout PRNG) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...4, using: &rng) {
            let start = Int.random(in: 0...bytes.count, using: &rng)
            let end = min(bytes.count, start + Int.random(in: 0...8, using: &rng))
            let source = Int.random(in: 0...bytes.count, using: &rng)
            let run = bytes[source..<min(bytes.count, source + Int.random(in: 0...40, using: &rng))]
            let noise = (0..<Int.random(in: 0...3, using: &rng)).map { _ in UInt8.random(in: 0...255, using: &rng) }
            bytes.replaceSubrange(start..<end, with: Bool.random(using: &rng) ? Array(run) : noise)
        }
        return bytes
    }

    /// How many of 2,000 damaged copies of `text` are refused. Each refusal has a mistake to tell, on one line.
    static func refusals(_ text: String, seed: UInt64, _ read: ([UInt8]) throws(ConfigurationError) -> Void) -> Int {
        var rng = PRNG(seed: seed)
        var refused = 0
        for _ in 0..<2000 {
            do throws(ConfigurationError) {
                try read(damaged(Array(text.utf8), using: &rng))
            } catch {
                refused += 1
                #expect(!error.diagnostics.isEmpty)
                #expect(error.diagnostics.allSatisfy { !$0.description.contains { $0.isNewline } })
            }
        }
        return refused
    }

    @Test func damagedPoolsAreRefusedOrRead() throws {
        #expect(try GoodPoolsTests.read(Self.pools).pools.count == 2)
        let refused = Self.refusals(Self.pools, seed: 1) { bytes throws(ConfigurationError) in
            _ = try PoolsReader.read(bytes, file: "F")
        }
        #expect((1000..<2000).contains(refused))
    }

    @Test func damagedSettingsAreRefusedOrRead() throws {
        #expect(try ConfigurationTests.read(Self.settings).refreshSeconds == 0)
        let refused = Self.refusals(Self.settings, seed: 2) { bytes throws(ConfigurationError) in
            _ = try ConfigurationReader.read(bytes, file: "F", hostname: "gooseberry")
        }
        #expect((1000..<2000).contains(refused))
    }

    @Test func damagedKubeconfigsAreRefusedOrRead() throws {
        #expect(try KubeconfigTests.read(Self.kubeconfig).server == "https://127.0.0.1:6443")
        let refused = Self.refusals(Self.kubeconfig, seed: 3) { bytes throws(ConfigurationError) in
            _ = try Kubeconfig.read(bytes, file: "/F")
        }
        #expect((500..<2000).contains(refused))
    }
}
