public import Wire

/// The part of discovery.k8s.io EndpointSlice (v1, v1beta1) that lbd uses. A core/v1 Endpoints object of an old server
/// is read as one slice of the same name.
public struct EndpointSlice: Hashable, Sendable {
    /// One backend.
    public struct Endpoint: Hashable, Sendable {
        /// endpoints[].nodeName, else (v1beta1) topology["kubernetes.io/hostname"]; nil where neither is set.
        public var nodeName: String?
        /// conditions.serving, else conditions.ready, else true.
        public var isServing: Bool
        /// endpoints[].addresses[0], which is what kube-proxy sends to: whoever is in two slices is known by it.
        public var address: String?

        /// A backend on `nodeName`.
        public init(nodeName: String?, isServing: Bool = true, address: String? = nil) {
            self.nodeName = nodeName
            self.isServing = isServing
            self.address = address
        }
    }

    /// Namespace, name, uid and resourceVersion.
    public var metadata: ObjectMeta
    /// The label kubernetes.io/service-name: the Service, in the same namespace, that the slice belongs to.
    public var serviceName: String
    /// addressType; a Service of both families has slices of each.
    public var addressFamily: AddressFamily
    /// endpoints.
    public var endpoints: [Endpoint]

    /// A slice of the backends of the Service `serviceName`.
    public init(
        metadata: ObjectMeta, serviceName: String, addressFamily: AddressFamily = .ipv4, endpoints: [Endpoint]
    ) {
        self.metadata = metadata
        self.serviceName = serviceName
        self.addressFamily = addressFamily
        self.endpoints = endpoints
    }

    /// The key of the Service that the slice belongs to.
    public var serviceKey: ObjectKey {
        ObjectKey(namespace: metadata.key.namespace, name: serviceName)
    }
}
