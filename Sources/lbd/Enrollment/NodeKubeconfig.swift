import FoundationEssentials
import KubeWatch
import System

/// The kubeconfig for the nodes: lbd's account at the server that the admin's kubeconfig names.
struct NodeKubeconfig {
    /// Where the nodes reach the API server.
    var server: String
    /// The certificates that vouch for it, in PEM; nil for those of the system.
    var certificateAuthority: [UInt8]?
    /// The name that the server's certificate must bear; nil for the host of `server`.
    var tlsServerName: String?
    /// insecure-skip-tls-verify.
    var skipsVerification: Bool
    /// The account's token.
    var token: String

    /// What the admin's credentials say about the server, at `server`, with the account's `token`.
    ///
    /// - Throws: `Errno` where the file of the certificate authority cannot be read.
    init(_ admin: Credentials, server: String, token: String) throws(Errno) {
        self.server = server
        self.token = token
        tlsServerName = admin.tlsServerName
        skipsVerification = admin.skipsVerification
        switch admin.certificateAuthority {
        case nil: certificateAuthority = nil
        case .text(let pem)?: certificateAuthority = Array(pem.utf8)
        case .file(let path)?: certificateAuthority = try File.read(path, limit: 1 << 20)
        }
    }

    /// The text, in YAML.
    var text: String {
        var cluster = ["    server: \(Self.quoted(server))"]
        if let certificateAuthority {
            cluster.append("    certificate-authority-data: \(Data(certificateAuthority).base64EncodedString())")
        }
        if let tlsServerName { cluster.append("    tls-server-name: \(Self.quoted(tlsServerName))") }
        if skipsVerification { cluster.append("    insecure-skip-tls-verify: true") }
        return """
            # lbd's way to the API server, made by `lbd enroll`. Its place on each node is /etc/lbd/kubeconfig,
            # owned by root:lbd, with mode 0640: who can read it can do what lbd can.
            apiVersion: v1
            kind: Config
            clusters:
            - name: kubernetes
              cluster:
            \(cluster.joined(separator: "\n"))
            users:
            - name: lbd
              user:
                token: \(Self.quoted(token))
            contexts:
            - name: lbd
              context:
                cluster: kubernetes
                user: lbd
            current-context: lbd
            """
    }

    /// What the kubeconfig says, for a request with it.
    var credentials: Credentials {
        Credentials(
            server: server,
            certificateAuthority: certificateAuthority.map { .text(String(decoding: $0, as: UTF8.self)) },
            tlsServerName: tlsServerName, skipsVerification: skipsVerification, identity: .token(token))
    }

    /// A JSON string, which YAML reads too.
    private static func quoted(_ text: String) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        // A string always has a JSON form.
        return (try? encoder.encode(text)).map { String(decoding: $0, as: UTF8.self) } ?? "\"\""
    }
}
