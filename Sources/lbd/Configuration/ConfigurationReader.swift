import BGP
import Balancer
internal import Glibc
import NetLink
import System
import Wire

extension Configuration {
    /// Where the settings are unless the command line says otherwise.
    static let defaultPath = "/etc/lbd/lbd.yaml"

    /// The settings in the file at `path`. Without `path` it is the default one, which may be missing.
    ///
    /// - Throws: `ConfigurationError` with all mistakes.
    static func load(_ path: String?) throws(ConfigurationError) -> Configuration {
        let file = path ?? defaultPath
        let bytes: [UInt8]
        do {
            bytes = try File.read(file, limit: YAML.maximumLength + 1)
        } catch {
            guard path == nil, error.code == ENOENT else {
                throw ConfigurationError(file: file, message: "\(error)")
            }
            bytes = []
        }
        return try ConfigurationReader.read(bytes, file: file, hostname: hostname())
    }

    private static func hostname() -> String {
        var name = [CChar](repeating: 0, count: 256)
        gethostname(&name, name.count - 1)
        return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

/// Reads `lbd.yaml`, strictly.
struct ConfigurationReader {
    private static let rootKeys = [
        "node", "kubernetes", "allocate", "pools", "state", "runtime", "interfaces", "announcements", "placement",
        "addresses", "election", "gossip", "bgp", "metrics",
    ]

    private var diagnostics: Diagnostics

    /// The settings that `bytes` describe; `file` names them in mistakes, `hostname` is the default node name.
    ///
    /// - Throws: `ConfigurationError` with all mistakes.
    static func read(
        _ bytes: [UInt8], file: String, hostname: String
    ) throws(ConfigurationError) -> Configuration {
        var reader = ConfigurationReader(diagnostics: Diagnostics(file: file))
        let configuration = reader.configuration(bytes, hostname)
        try reader.diagnostics.check()
        guard isNodeName(configuration.node) else {
            throw ConfigurationError(
                file: file,
                message:
                    "the host's name \(quoted(hostname)) cannot be a node's name: set \"node\" to this node's name as "
                    + "kubectl get nodes shows it")
        }
        return configuration
    }

    private mutating func configuration(_ bytes: [UInt8], _ hostname: String) -> Configuration {
        var configuration = Configuration(hostname: hostname)
        guard let root = YAML.compose(bytes, &diagnostics), !root.isNull,
            let section = Section(root, "the settings", keys: Self.rootKeys, &diagnostics)
        else { return configuration }
        set(
            &configuration.node, "node", in: section, { Self.isNodeName($0.lowercased()) },
            "a node's name: small letters, digits, - and .")
        configuration.node = configuration.node.lowercased()
        readKubernetes(section, into: &configuration.kubernetes)
        var allocate = configuration.allocate.rawValue
        set(
            &allocate, "allocate", in: section, { AllocationPolicy(rawValue: $0) != nil }, "auto, always or never")
        configuration.allocate = AllocationPolicy(rawValue: allocate) ?? .auto
        setPath(&configuration.pools, "pools", in: section)
        setPath(&configuration.state, "state", in: section)
        setPath(&configuration.runtime, "runtime", in: section)
        if let interfaces = section.section("interfaces", keys: ["include", "exclude", "wireless"], &diagnostics) {
            configuration.interfaces.include = patterns("include", in: interfaces) ?? []
            configuration.interfaces.exclude =
                patterns("exclude", in: interfaces) ?? InterfacePatterns.defaultExclude
            configuration.interfaces.wireless = patterns("wireless", in: interfaces) ?? []
        }
        if let announcements = section.section("announcements", keys: ["refreshSeconds"], &diagnostics),
            let seconds = announcements.integer("refreshSeconds", in: 0...86_400, &diagnostics)
        {
            configuration.refreshSeconds = seconds
        }
        readPlacement(section, into: &configuration.placement)
        readAddresses(section, into: &configuration)
        readElection(section, into: &configuration.election)
        readGossip(section, into: &configuration.gossip)
        if let bgp = section.section("bgp", keys: ["listen"], &diagnostics) {
            var listen = ""
            let right = "ADDRESS or ADDRESS:PORT of this node, such as 0.0.0.0"
            set(&listen, "listen", in: bgp, { SocketAddress($0, defaultPort: Way.defaultPort) != nil }, right)
            configuration.bgpListen = SocketAddress(listen, defaultPort: Way.defaultPort)
        }
        if let metrics = section.section("metrics", keys: ["listen"], &diagnostics) {
            set(&configuration.metricsListen, "listen", in: metrics, { SocketAddress($0) != nil }, "ADDRESS:PORT")
        }
        return configuration
    }

    private mutating func readKubernetes(_ root: Section, into kubernetes: inout Configuration.Kubernetes) {
        let keys = ["kubeconfig", "namespace", "configMap", "leaseNamespace", "loadBalancerClass"]
        guard let section = root.section("kubernetes", keys: keys, &diagnostics) else { return }
        setPath(&kubernetes.kubeconfig, "kubeconfig", in: section)
        let name = "a Kubernetes name: small letters, digits, - and ."
        set(&kubernetes.namespace, "namespace", in: section, Self.isNodeName, name)
        set(&kubernetes.configMap, "configMap", in: section, Self.isNodeName, name)
        set(&kubernetes.leaseNamespace, "leaseNamespace", in: section, Self.isNodeName, name)
        kubernetes.loadBalancerClass = section.text("loadBalancerClass", &diagnostics)
    }

    private mutating func readPlacement(_ root: Section, into placement: inout Placement.Mode) {
        guard let node = root["placement"], let text = node.text("placement", &diagnostics) else { return }
        if let mode = Placement.Mode(rawValue: text) {
            placement = mode
            return
        }
        let nearest = Spelling.nearest(to: text, among: Placement.Mode.allCases.map(\.rawValue))
        let hint = nearest.map { ": did you mean \(quoted($0))?" } ?? ""
        diagnostics.error("placement must be none, interface or dummy, not \(quoted(text))\(hint)", at: node.location)
    }

    private mutating func readAddresses(_ root: Section, into configuration: inout Configuration) {
        guard let section = root.section("addresses", keys: ["probe", "conflicts", "strict"], &diagnostics) else {
            return
        }
        set(&configuration.probes, "probe", in: section)
        set(&configuration.isStrict, "strict", in: section)
        var conflicts = "defend"
        set(&conflicts, "conflicts", in: section, { ["defend", "withdraw"].contains($0) }, "defend or withdraw")
        configuration.withdraws = conflicts == "withdraw"
    }

    private mutating func readElection(_ root: Section, into election: inout ElectionPolicy) {
        guard let section = root.section("election", keys: ["failback", "preferred", "wiredFirst"], &diagnostics) else {
            return
        }
        set(&election.failsBack, "failback", in: section)
        set(&election.isPreferred, "preferred", in: section)
        set(&election.putsWiredFirst, "wiredFirst", in: section)
    }

    private mutating func set(_ value: inout Bool, _ key: String, in section: Section) {
        if let flag = section.boolean(key, &diagnostics) { value = flag }
    }

    private mutating func readGossip(_ root: Section, into gossip: inout Configuration.Gossip) {
        let keys = ["bind", "port", "join", "encrypted", "secretFile"]
        guard let section = root.section("gossip", keys: keys, &diagnostics) else { return }
        var bind = gossip.bind.description
        set(&bind, "bind", in: section, { IPAddress($0) != nil }, "an IP address of this node, or 0.0.0.0")
        gossip.bind = IPAddress(bind) ?? gossip.bind
        if let port = section.integer("port", in: 1...65535, &diagnostics) { gossip.port = UInt16(port) }
        gossip.join = members("join", in: section, defaultPort: gossip.port)
        set(&gossip.isEncrypted, "encrypted", in: section)
        var secretFile = ""
        setPath(&secretFile, "secretFile", in: section)
        gossip.secretFile = secretFile.isEmpty ? nil : secretFile
        if !gossip.isEncrypted, let node = section["secretFile"], !secretFile.isEmpty {
            diagnostics.error("secretFile is of no use where encrypted is false", at: node.location)
        }
    }

    /// Sets `value` to the text under `key` where that is there and `isRight`.
    private mutating func set(
        _ value: inout String, _ key: String, in section: Section, _ isRight: (String) -> Bool, _ right: String
    ) {
        guard let node = section[key], let text = node.text(key, &diagnostics) else { return }
        guard isRight(text) else {
            diagnostics.error("\(key) must be \(right), not \(quoted(text))", at: node.location)
            return
        }
        value = text
    }

    private mutating func setPath(_ value: inout String, _ key: String, in section: Section) {
        set(&value, key, in: section, { $0.hasPrefix("/") && $0.utf8.count < 4096 }, "an absolute path")
    }

    private mutating func members(_ key: String, in section: Section, defaultPort: UInt16) -> [SocketAddress] {
        guard let list = section[key] else { return [] }
        let items = list.items(key, &diagnostics) ?? []
        if items.count > Configuration.Gossip.maximumJoinCount {
            diagnostics.error(
                "\(key) must have at most \(Configuration.Gossip.maximumJoinCount) items, not \(items.count)",
                at: list.location)
        }
        return items.compactMap { item in
            guard let text = item.text("a member to join", &diagnostics) else { return nil }
            guard let address = SocketAddress(text, defaultPort: defaultPort) else {
                diagnostics.error(
                    "a member to join must be ADDRESS or ADDRESS:PORT, not \(quoted(text)): names are not resolved",
                    at: item.location)
                return nil
            }
            return address
        }
    }

    private mutating func patterns(_ key: String, in section: Section) -> [String]? {
        guard let list = section[key] else { return nil }
        return (list.items(key, &diagnostics) ?? []).compactMap { item in
            guard let pattern = item.text("a pattern", &diagnostics) else { return nil }
            guard !pattern.contains("{"), pattern.utf8.count <= 256 else {
                diagnostics.error(
                    "the pattern \(quoted(pattern)) is too long or counts with \"{\": use at most 256 bytes, and + or *",
                    at: item.location)
                return nil
            }
            if let problem = RegularExpression.problem(of: pattern) {
                diagnostics.error(
                    "\(quoted(pattern)) is not a regular expression: \(problem); for names that begin with eth write "
                        + "\"^eth.*\"", at: item.location)
                return nil
            }
            return pattern
        }
    }

    /// RFC 1123 subdomain: what Kubernetes allows for the names of nodes and most objects.
    private static func isNodeName(_ text: String) -> Bool {
        let isAlphanumeric = { (byte: UInt8) in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        }
        let labels = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return text.utf8.count <= 253
            && labels.allSatisfy { label in
                guard let first = label.first, let last = label.last else { return false }
                return isAlphanumeric(first) && isAlphanumeric(last)
                    && label.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") }
            }
    }
}
