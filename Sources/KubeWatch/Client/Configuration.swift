extension Client {
    /// What a Client watches.
    public struct Configuration: Hashable, Sendable {
        /// The kinds to watch.
        public var kinds: Set<Kind>
        /// The one ConfigMap that is watched.
        public var configMap: ObjectKey
        /// The one Secret that is watched.
        public var secret: ObjectKey
        /// The namespace whose Leases are watched.
        public var leaseNamespace: String

        /// Watches these kinds; by default what the daemon needs before gossip.
        public init(
            kinds: Set<Kind> = [.service, .endpointSlice, .node, .configMap, .lease],
            configMap: ObjectKey = ObjectKey(namespace: "metallb-system", name: "config"),
            secret: ObjectKey = ObjectKey(namespace: "metallb-system", name: "memberlist"),
            leaseNamespace: String = "lbd-system"
        ) {
            self.kinds = kinds
            self.configMap = configMap
            self.secret = secret
            self.leaseNamespace = leaseNamespace
        }

        /// Where the objects of `kind` are; nil where that must be discovered first.
        func resource(_ kind: Kind) -> Resource? {
            switch kind {
            case .service: Resource(path: "/api/v1/services", schema: .service)
            case .endpointSlice: nil
            case .node: Resource(path: "/api/v1/nodes", schema: .node)
            case .configMap: single(configMap, "configmaps", .configMap)
            case .secret: single(secret, "secrets", .secret)
            case .lease:
                Resource(
                    path: "/apis/coordination.k8s.io/v1/namespaces/\(leaseNamespace.percentEncoded)/leases",
                    schema: .lease)
            }
        }

        /// One object alone, so that the permission can name it.
        private func single(_ key: ObjectKey, _ collection: String, _ schema: Schema) -> Resource {
            Resource(
                path: "/api/v1/namespaces/\(key.namespace.percentEncoded)/\(collection)",
                selector: "fieldSelector=metadata.name%3D\(key.name.percentEncoded)", schema: schema)
        }
    }
}
