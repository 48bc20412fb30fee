import KubeWatch
import Testing

@testable import lbd

@Suite struct KubeconfigTests {
    static func read(_ text: String) throws -> Credentials {
        try Kubeconfig.read(Array(text.utf8), file: "/etc/lbd/kubeconfig")
    }

    /// A kubeconfig whose user has these lines, as k3s and kubeadm write it.
    static func kubeconfig(user: String) -> String {
        """
        apiVersion: v1
        kind: Config
        preferences: {}
        current-context: default
        clusters:
        - cluster:
            certificate-authority-data: LS0tQ0EtLS0K
            server: https://127.0.0.1:6443
          name: home
        contexts:
        - context: {cluster: home, user: pi}
          name: default
        users:
        - name: pi
          user: \(user)

        """
    }

    @Test func certificatesInTheFile() throws {
        let credentials = try Self.read(
            Self.kubeconfig(user: "{client-certificate-data: Q0VSVA==, client-key-data: S0VZ}"))
        #expect(credentials.server == "https://127.0.0.1:6443")
        #expect(credentials.certificateAuthority == .text("---CA---\n"))
        #expect(credentials.identity == .certificate(.text("CERT"), key: .text("KEY")))
    }

    @Test func pathsAreRelativeToTheFile() throws {
        let credentials = try Self.read(Self.kubeconfig(user: "{client-certificate: c.pem, client-key: /k.pem}"))
        #expect(credentials.identity == .certificate(.file("/etc/lbd/c.pem"), key: .file("/k.pem")))
    }

    @Test func tokens() throws {
        #expect(try Self.read(Self.kubeconfig(user: "{token: abc}")).identity == .token("abc"))
        #expect(
            try Self.read(Self.kubeconfig(user: "{token: abc, tokenFile: t}")).identity == .tokenFile("/etc/lbd/t"))
    }

    @Test(arguments: [
        (
            "{exec: {command: aws}}",
            "/etc/lbd/kubeconfig:15:10: error: exec is not supported: use a token, a tokenFile or a client certificate"
        ),
        (
            "{username: pi, password: raspberry}",
            "/etc/lbd/kubeconfig:15:10: error: username is not supported: use a token or a client certificate; "
                + "servers dropped passwords in 1.19"
        ),
        (
            "{client-certificate-data: Q0VSVA==}",
            "/etc/lbd/kubeconfig:15:9: error: a client certificate needs client-key-data or client-key"
        ),
        (
            "{client-certificate-data: \"%\", client-key-data: S0VZ}",
            "/etc/lbd/kubeconfig:15:35: error: client-certificate-data must be PEM text in base64"
        ),
    ])
    func whatCannotWorkIsTold(user: String, expected: String) {
        #expect { try Self.read(Self.kubeconfig(user: user)) } throws: { "\($0)" == expected }
    }

    /// What `kubeadm` writes to kubelet.conf, and what is made for a ServiceAccount's token.
    @Test func keysThatOthersUseAreLeftAlone() throws {
        let credentials = try Self.read(
            """
            apiVersion: v1
            clusters:
            - cluster:
                certificate-authority: pki/ca.crt
                server: https://192.168.2.10:6443/
                tls-server-name: kubernetes.default
                extensions: [{name: x, extension: {}}]
              name: kubernetes
            contexts:
            - context:
                cluster: other
                user: other
              name: other
            - context:
                cluster: kubernetes
                namespace: default
                user: system:node:gooseberry
              name: system:node:gooseberry@kubernetes
            current-context: system:node:gooseberry@kubernetes
            kind: Config
            users:
            - name: system:node:gooseberry
              user:
                client-certificate: /var/lib/kubelet/pki/kubelet-client-current.pem
                client-key: /var/lib/kubelet/pki/kubelet-client-current.pem
            """)
        let pem = Credentials.PEM.file("/var/lib/kubelet/pki/kubelet-client-current.pem")
        #expect(
            credentials
                == Credentials(
                    server: "https://192.168.2.10:6443", certificateAuthority: .file("/etc/lbd/pki/ca.crt"),
                    tlsServerName: "kubernetes.default", identity: .certificate(pem, key: pem)))
    }

    @Test(arguments: [
        ("", "/etc/lbd/kubeconfig:1:1: error: the kubeconfig must be a mapping (\"KEY: VALUE\" lines), not empty"),
        ("clusters: []\n", "/etc/lbd/kubeconfig:1:1: error: there is no current-context: name one of contexts"),
        (
            "current-context: a\ncontexts: [{name: a, context: {user: b}}]\n",
            "/etc/lbd/kubeconfig:2:31: error: the context \"a\" has no cluster: name one of clusters"
        ),
        (
            "current-context: a\ncontexts: [{name: a, context: {cluster: c}}]\nclusters: [{name: c, cluster: {}}]\n",
            "/etc/lbd/kubeconfig:3:31: error: the cluster has no server: add https://HOST:PORT"
        ),
        (
            "current-context: a\ncontexts: [{name: a, context: {cluster: c}}]\n"
                + "clusters: [{name: c, cluster: {server: 10.0.0.1:6443}}]\n",
            "/etc/lbd/kubeconfig:3:40: error: server must be https://HOST:PORT, not \"10.0.0.1:6443\""
        ),
    ])
    func whatIsNoKubeconfigIsTold(text: String, expected: String) {
        #expect { try Self.read(text) } throws: { "\($0)" == expected }
    }

    @Test func aMissingContextIsTold() {
        #expect { try Self.read("current-context: x\ncontexts: []\n") } throws: {
            "\($0)" == "/etc/lbd/kubeconfig:2:1: error: there is no \"x\" in contexts"
        }
    }
}
