import KubeWatch

/// What lbd needs in the cluster: `kubernetes/lbd.yaml`, which the program carries.
enum Manifest {
    /// One object of the manifest.
    struct Document: Hashable, Sendable {
        /// Kind and name, for people.
        var name: String
        /// The object's path in the API.
        var path: String
        /// The YAML of the object, as it stands.
        var bytes: [UInt8]
    }

    /// The whole text.
    static var bytes: [UInt8] { PackageResources.lbd_yaml }

    /// The objects, in their order.
    ///
    /// - Throws: `ConfigurationError` for what is no list of Kubernetes objects.
    static func documents(in bytes: [UInt8] = bytes) throws(ConfigurationError) -> [Document] {
        let file = "kubernetes/lbd.yaml"
        var documents: [Document] = []
        for part in split(bytes) {
            var diagnostics = Diagnostics(file: file)
            let root = YAML.compose(part, &diagnostics)
            try diagnostics.check()
            guard let root, !root.isNull else { continue }
            guard let document = Document(root, part) else {
                throw ConfigurationError(file: file, message: "a document has no apiVersion, kind or metadata.name")
            }
            documents.append(document)
        }
        return documents
    }

    /// The texts between the lines `---`.
    private static func split(_ bytes: [UInt8]) -> [[UInt8]] {
        var parts: [[UInt8]] = [[]]
        for line in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            if line.elementsEqual("---".utf8) {
                parts.append([])
            } else {
                parts[parts.count - 1] += line + [UInt8(ascii: "\n")]
            }
        }
        return parts
    }
}

extension Manifest.Document {
    fileprivate init?(_ root: YAML.Node, _ bytes: [UInt8]) {
        guard let version = root["apiVersion"]?.string, let kind = root["kind"]?.string,
            let metadata = root["metadata"], let name = metadata["name"]?.string
        else { return nil }
        let group = version.contains("/") ? "/apis/\(version)" : "/api/\(version)"
        let namespace = metadata["namespace"]?.string
        // The plural of every kind in the manifest is regular.
        let resource = "\(kind.lowercased())s/\(name)"
        path = namespace.map { "\(group)/namespaces/\($0)/\(resource)" } ?? "\(group)/\(resource)"
        self.name = namespace.map { "\(kind) \($0)/\(name)" } ?? "\(kind) \(name)"
        self.bytes = bytes
    }
}

extension YAML.Node {
    /// The value under `key` of a mapping.
    subscript(key: String) -> YAML.Node? {
        guard case .mapping(let entries) = content else { return nil }
        return entries.first { $0.key == key }?.value
    }

    /// The text of a scalar.
    var string: String? {
        if case .scalar(let scalar) = content { scalar.text } else { nil }
    }

    /// The items of a list; empty for anything else.
    var elements: [YAML.Node] {
        if case .sequence(let items) = content { items } else { [] }
    }
}
