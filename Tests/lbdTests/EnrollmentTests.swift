import Foundation
import KubeWatch
import System
import Testing
import Wire

@testable import lbd

/// The parts of `lbd enroll` that need no cluster.
@Suite struct EnrollmentTests {
    // MARK: The manifest

    /// What the program carries is the file that people read.
    @Test func theManifestIsTheFile() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        #expect(try Data(contentsOf: root.appendingPathComponent("kubernetes/lbd.yaml")) == Data(Manifest.bytes))
    }

    @Test func theManifestsObjectsAreFoundWithTheirPaths() throws {
        let rbac = "/apis/rbac.authorization.k8s.io/v1"
        let documents = try Manifest.documents()
        #expect(
            documents.map(\.path) == [
                "/api/v1/namespaces/lbd-system", "/api/v1/namespaces/metallb-system",
                "/api/v1/namespaces/lbd-system/serviceaccounts/lbd", "/api/v1/namespaces/lbd-system/secrets/lbd-token",
                "\(rbac)/clusterroles/lbd", "\(rbac)/clusterrolebindings/lbd",
                "\(rbac)/namespaces/lbd-system/roles/lbd", "\(rbac)/namespaces/lbd-system/rolebindings/lbd",
                "\(rbac)/namespaces/metallb-system/roles/lbd", "\(rbac)/namespaces/metallb-system/rolebindings/lbd",
            ])
        #expect(documents[4].name == "ClusterRole lbd" && documents[6].name == "Role lbd-system/lbd")
        let text = String(decoding: documents[1].bytes, as: UTF8.self)
        #expect(text.hasPrefix("# Where") && text.hasSuffix("  name: metallb-system\n"))
    }

    @Test func whatIsNoObjectIsTold() {
        #expect { try Manifest.documents(in: Array("---\n# nothing\n---\nkind: Role\n".utf8)) } throws: {
            "\($0)" == "kubernetes/lbd.yaml: error: a document has no apiVersion, kind or metadata.name"
        }
    }

    // MARK: The admin's kubeconfig

    @Test(arguments: [
        (["KUBECONFIG": "/a:/b", "HOME": "/home/pi"], ["/a", "/b"], ["/home/pi/.kube/config"]),
        (["KUBECONFIG": "", "HOME": ""], [], []),
        ([:], [], []),
    ])
    func placesAreLookedAtInTheirOrder(environment: [String: String], first: [String], last: [String]) {
        let usual = ["/etc/rancher/k3s/k3s.yaml", "/etc/kubernetes/admin.conf"]
        #expect(AdminKubeconfig.places { environment[$0] } == first + usual + last)
    }

    @Test func theFirstPlaceThatCanBeReadIsTaken() throws {
        #expect(try AdminKubeconfig.first(of: ["/nonexistent/a", #filePath, "/etc/passwd"]) == #filePath)
        #expect { try AdminKubeconfig.first(of: ["/nonexistent/a", "/nonexistent/b"]) } throws: {
            "\($0)" == """
                no admin's kubeconfig can be read; looked at
                  /nonexistent/a: No such file or directory
                  /nonexistent/b: No such file or directory
                run this as root on a node of the control plane, or name one by --kubeconfig FILE
                """
        }
    }

    // MARK: The server's URL

    @Test(arguments: [
        ("https://127.0.0.1:6443", "https://192.168.2.10:6443"), ("https://localhost", "https://192.168.2.10"),
        ("https://[::1]:6443/", "https://192.168.2.10:6443"), ("http://127.1.2.3:80/k8s", "http://192.168.2.10:80/k8s"),
        ("https://LOCALHOST:6443", "https://192.168.2.10:6443"),
    ])
    func aLoopbackAddressIsReplaced(server: String, expected: String) throws {
        let url = try #require(ServerURL(server))
        #expect(url.loopbackFamily == (server.contains("::1") ? .ipv6 : .ipv4))
        #expect(url.on(.v4(IPv4Address(rawValue: 0xC0A8_020A))).text == expected)
    }

    @Test(arguments: [
        "https://192.168.2.10:6443", "https://raspberry.local:6443", "https://[fd00::10]:6443", "https://localhost.lan",
        "https://10.0.0.1/k8s/clusters/c-1",
    ])
    func anotherAddressStays(server: String) throws {
        let url = try #require(ServerURL(server))
        #expect(url.loopbackFamily == nil && url.text == server)
    }

    @Test func anIPv6AddressIsBracketed() throws {
        let url = try #require(ServerURL("https://[::1]:6443"))
        #expect(url.on(.v6(IPv6Address(high: 0xFD00_0000_0000_0000, low: 16))).text == "https://[fd00::10]:6443")
    }

    @Test(arguments: [
        "", "192.168.2.10:6443", "ftp://a", "https://", "https://[::1", "https://[::1]6443", "https://:6443",
    ])
    func whatIsNoURLIsNone(text: String) {
        #expect(ServerURL(text) == nil)
    }

    @Test func thisHostSendsToItselfFromItself() throws {
        let loopback = IPAddress.v4(IPv4Address(rawValue: 0x7F00_0001))
        #expect(try SourceAddress.towards(loopback) == loopback)
    }

    // MARK: The nodes' kubeconfig

    private static let admin = Credentials(
        server: "https://127.0.0.1:6443", certificateAuthority: .text("---CA---\n"),
        identity: .certificate(.text("CERT"), key: .text("KEY")))

    @Test func theNodesKubeconfigHoldsNothingOfTheAdmins() throws {
        let kubeconfig = try NodeKubeconfig(Self.admin, server: "https://192.168.2.10:6443", token: "abc.d-e_f")
        #expect(
            kubeconfig.text == """
                # lbd's way to the API server, made by `lbd enroll`. Its place on each node is /etc/lbd/kubeconfig,
                # owned by root:lbd, with mode 0640: who can read it can do what lbd can.
                apiVersion: v1
                kind: Config
                clusters:
                - name: kubernetes
                  cluster:
                    server: "https://192.168.2.10:6443"
                    certificate-authority-data: LS0tQ0EtLS0K
                users:
                - name: lbd
                  user:
                    token: "abc.d-e_f"
                contexts:
                - name: lbd
                  context:
                    cluster: kubernetes
                    user: lbd
                current-context: lbd
                """)
    }

    /// What is printed is what the daemon reads.
    @Test(arguments: [
        admin,
        Credentials(server: "https://[fd00::10]:6443", tlsServerName: "kubernetes \"home\"", skipsVerification: true),
        Credentials(server: "https://lb/k8s: #1", identity: .token("admin's")),
    ])
    func theDaemonReadsIt(admin: Credentials) throws {
        let kubeconfig = try NodeKubeconfig(admin, server: admin.server, token: "tok: #\\en")
        var expected = admin
        expected.identity = .token("tok: #\\en")
        #expect(kubeconfig.credentials == expected)
        #expect(try Kubeconfig.read(Array(kubeconfig.text.utf8), file: "/etc/lbd/kubeconfig") == expected)
    }

    /// The nodes do not have the admin's files.
    @Test func aFileOfTheCertificateAuthorityIsTakenAlong() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appendingPathComponent("ca.crt").path
        let admin = Credentials(server: "https://10.0.0.1:6443", certificateAuthority: .file(file))
        #expect(throws: Errno.self) { try NodeKubeconfig(admin, server: admin.server, token: "t") }
        try "---CA---\n".write(toFile: file, atomically: true, encoding: .utf8)
        let kubeconfig = try NodeKubeconfig(admin, server: admin.server, token: "t")
        #expect(kubeconfig.text.contains("    certificate-authority-data: LS0tQ0EtLS0K\n"))
    }
}
