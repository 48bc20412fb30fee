import FoundationEssentials
import KubeWatch
import System

/// Reads a kubeconfig: the cluster and the user of its current context. Keys that lbd does not know are left alone, since
/// others write this file.
struct Kubeconfig {
    private var diagnostics: Diagnostics
    private let folder: String

    /// The credentials in the file at `path`.
    ///
    /// - Throws: `ConfigurationError` with all mistakes.
    static func load(_ path: String) throws(ConfigurationError) -> Credentials {
        let bytes: [UInt8]
        do {
            bytes = try File.read(path, limit: YAML.maximumLength + 1)
        } catch {
            throw ConfigurationError(file: path, message: "\(error)")
        }
        return try read(bytes, file: path)
    }

    /// The credentials that `bytes` describe; paths in it are relative to the folder of `file`.
    ///
    /// - Throws: `ConfigurationError` with all mistakes.
    static func read(_ bytes: [UInt8], file: String) throws(ConfigurationError) -> Credentials {
        var reader = Kubeconfig(diagnostics: Diagnostics(file: file), folder: Path.split(file).folder)
        let credentials = reader.credentials(bytes)
        try reader.diagnostics.check()
        guard let credentials else {
            throw ConfigurationError(file: file, message: "this is not a kubeconfig")
        }
        return credentials
    }

    private mutating func credentials(_ bytes: [UInt8]) -> Credentials? {
        guard let root = YAML.compose(bytes, &diagnostics),
            let section = Section(root, "the kubeconfig", keys: [], isOpen: true, &diagnostics)
        else { return nil }
        guard let current = section.text("current-context", &diagnostics) else {
            diagnostics.error("there is no current-context: name one of contexts", at: section.location)
            return nil
        }
        guard let context = named(current, "contexts", inner: "context", in: section),
            let clusterName = clusterName(of: context),
            let cluster = named(clusterName, "clusters", inner: "cluster", in: section)
        else { return nil }
        guard let serverNode = cluster["server"], let server = serverNode.text("server", &diagnostics) else {
            diagnostics.error("the cluster has no server: add https://HOST:PORT", at: cluster.location)
            return nil
        }
        guard server.hasPrefix("https://") || server.hasPrefix("http://") else {
            diagnostics.error("server must be https://HOST:PORT, not \(quoted(server))", at: serverNode.location)
            return nil
        }
        var credentials = Credentials(server: server.hasSuffix("/") ? String(server.dropLast()) : server)
        credentials.certificateAuthority = pem("certificate-authority", in: cluster)
        credentials.tlsServerName = cluster.text("tls-server-name", &diagnostics)
        credentials.skipsVerification = cluster.boolean("insecure-skip-tls-verify", &diagnostics) ?? false
        if let userName = context.text("user", &diagnostics),
            let user = named(userName, "users", inner: "user", in: section)
        {
            credentials.identity = identity(user)
        }
        return credentials
    }

    private mutating func clusterName(of context: Section) -> String? {
        guard context["cluster"] != nil else {
            diagnostics.error("\(context.name) has no cluster: name one of clusters", at: context.location)
            return nil
        }
        return context.text("cluster", &diagnostics)
    }

    /// The mapping under `inner` of the item of `list` that bears `name`.
    private mutating func named(_ name: String, _ list: String, inner: String, in section: Section) -> Section? {
        for item in section.items(list, &diagnostics) {
            guard let entry = Section(item, "an item of \(list)", keys: [], isOpen: true, &diagnostics),
                case .scalar(let scalar)? = entry["name"]?.content, scalar.text == name
            else { continue }
            guard let node = entry[inner] else {
                diagnostics.error("\(quoted(name)) in \(list) has no \(inner)", at: item.location)
                return nil
            }
            return Section(node, "the \(inner) \(quoted(name))", keys: [], isOpen: true, &diagnostics)
        }
        diagnostics.error("there is no \(quoted(name)) in \(list)", at: section.location(of: list))
        return nil
    }

    private mutating func identity(_ user: Section) -> Credentials.Identity {
        for (key, instead) in [
            ("exec", "a token, a tokenFile or a client certificate"),
            ("auth-provider", "a token, a tokenFile or a client certificate"),
            ("username", "a token or a client certificate; servers dropped passwords in 1.19"),
        ] where user[key] != nil {
            diagnostics.error("\(key) is not supported: use \(instead)", at: user.location(of: key))
        }
        if let certificate = pem("client-certificate", in: user) {
            guard let key = pem("client-key", in: user) else {
                diagnostics.error("a client certificate needs client-key-data or client-key", at: user.location)
                return .anonymous
            }
            return .certificate(certificate, key: key)
        }
        // As kubectl has it, a file wins over a token beside it.
        if let path = user.text("tokenFile", &diagnostics) { return .tokenFile(absolute(path)) }
        return user.text("token", &diagnostics).map { .token($0) } ?? .anonymous
    }

    /// The PEM under `key-data` in base64, or in the file under `key`; the data wins, as kubectl has it.
    private mutating func pem(_ key: String, in section: Section) -> Credentials.PEM? {
        if let node = section["\(key)-data"], let text = node.text("\(key)-data", &diagnostics) {
            let packed = text.filter { !$0.isWhitespace }
            guard let data = Data(base64Encoded: packed), let pem = String(validatingUTF8Bytes: data) else {
                diagnostics.error("\(key)-data must be PEM text in base64", at: node.location)
                return nil
            }
            return .text(pem)
        }
        return section.text(key, &diagnostics).map { .file(absolute($0)) }
    }

    private func absolute(_ path: String) -> String {
        path.hasPrefix("/") ? path : "\(folder)/\(path)"
    }
}

extension String {
    fileprivate init?(validatingUTF8Bytes bytes: some Sequence<UInt8>) {
        let array = Array(bytes)
        let text = String(decoding: array, as: UTF8.self)
        guard Array(text.utf8) == array else { return nil }
        self = text
    }
}
