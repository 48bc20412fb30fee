/// How to reach the API server and prove who we are: what a kubeconfig's current context says.
public struct Credentials: Hashable, Sendable {
    /// PEM text at hand, or a file to read it from.
    public enum PEM: Hashable, Sendable {
        /// The text itself, decoded from a `…-data` key.
        case text(String)
        /// The absolute path of a file.
        case file(String)
    }

    /// Who we are to the server.
    public enum Identity: Hashable, Sendable {
        /// Nobody.
        case anonymous
        /// A client certificate and its key.
        case certificate(PEM, key: PEM)
        /// A bearer token.
        case token(String)
        /// The absolute path of a file that holds a bearer token and is read again when it changes.
        case tokenFile(String)
    }

    /// The server's URL, `https://HOST:PORT` (or `http://` for trying things out), without a trailing slash.
    public var server: String
    /// The certificates that vouch for the server; nil for those of the system.
    public var certificateAuthority: PEM?
    /// The name that the server's certificate must bear; nil for the host of `server`.
    public var tlsServerName: String?
    /// insecure-skip-tls-verify: accept any certificate.
    public var skipsVerification: Bool
    /// Who we are.
    public var identity: Identity

    /// Credentials for `server`.
    public init(
        server: String, certificateAuthority: PEM? = nil, tlsServerName: String? = nil, skipsVerification: Bool = false,
        identity: Identity = .anonymous
    ) {
        self.server = server
        self.certificateAuthority = certificateAuthority
        self.tlsServerName = tlsServerName
        self.skipsVerification = skipsVerification
        self.identity = identity
    }
}
