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
        /// The namespace whose Pods are watched.
        public var podNamespace: String
        /// The label selector of those Pods; by default MetalLB's controller.
        public var podSelector: String
        /// Whether to ask now and then for MetalLB's custom resources.
        public var surveysMetalLB: Bool

        /// Watches these kinds; by default what the daemon needs without gossip.
        public init(
            kinds: Set<Kind> = [.service, .endpointSlice, .node, .configMap, .lease, .pod],
            configMap: ObjectKey = ObjectKey(namespace: "metallb-system", name: "config"),
            secret: ObjectKey = ObjectKey(namespace: "metallb-system", name: "memberlist"),
            leaseNamespace: String = "lbd-system", podNamespace: String = "metallb-system",
            podSelector: String = "app=metallb,component=controller", surveysMetalLB: Bool = false
        ) {
            self.kinds = kinds
            self.configMap = configMap
            self.secret = secret
            self.leaseNamespace = leaseNamespace
            self.podNamespace = podNamespace
            self.podSelector = podSelector
            self.surveysMetalLB = surveysMetalLB
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
            case .pod:
                Resource(
                    path: "/api/v1/namespaces/\(podNamespace.percentEncoded)/pods",
                    selector: "labelSelector=\(podSelector.percentEncoded)", schema: .pod)
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
