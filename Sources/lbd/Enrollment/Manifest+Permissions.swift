extension Manifest {
    /// What the roles of the manifest allow, in their order: what the daemon needs. Where the settings name other places than the
    /// manifest does, those are meant, and what they need no permission for is left out.
    ///
    /// - Throws: `ConfigurationError` for what is no list of Kubernetes objects.
    static func permissions(
        for configuration: Configuration, in bytes: [UInt8] = bytes
    ) throws(ConfigurationError) -> [Permission] {
        var permissions: [Permission] = []
        for document in try documents(in: bytes) {
            var diagnostics = Diagnostics(file: "kubernetes/lbd.yaml")
            guard let root = YAML.compose(document.bytes, &diagnostics),
                let kind = root["kind"]?.string, ["ClusterRole", "Role"].contains(kind)
            else { continue }
            let namespace = root["metadata"]?["namespace"]?.string
            for rule in root["rules"]?.elements ?? [] { permissions += self.permissions(of: rule, in: namespace) }
        }
        return permissions.filter { isNeeded($0, by: configuration) }.map { placed($0, by: configuration) }
    }

    private static func permissions(of rule: YAML.Node, in namespace: String?) -> [Permission] {
        func texts(_ key: String) -> [String] { (rule[key]?.elements ?? []).compactMap(\.string) }
        let names: [String?] = rule["resourceNames"] == nil ? [nil] : texts("resourceNames")
        return texts("apiGroups").flatMap { group in
            texts("resources").flatMap { resource in
                let parts = resource.split(separator: "/", maxSplits: 1).map(String.init)
                return names.flatMap { name in
                    texts("verbs").map { verb in
                        Permission(
                            verb: verb, group: group, resource: parts.first ?? resource,
                            subresource: parts.count > 1 ? parts[1] : nil, namespace: namespace, name: name)
                    }
                }
            }
        }
    }

    private static func isNeeded(_ permission: Permission, by configuration: Configuration) -> Bool {
        switch permission.resource {
        case "pods": configuration.allocate == .auto
        case "secrets": configuration.gossip.takesClusterSecret
        default: true
        }
    }

    private static func placed(_ permission: Permission, by configuration: Configuration) -> Permission {
        let kubernetes = configuration.kubernetes
        var permission = permission
        switch permission.namespace {
        case "lbd-system": permission.namespace = kubernetes.leaseNamespace
        case "metallb-system": permission.namespace = kubernetes.namespace
        default: break
        }
        if permission.resource == "configmaps" { permission.name = kubernetes.configMap }
        return permission
    }
}
