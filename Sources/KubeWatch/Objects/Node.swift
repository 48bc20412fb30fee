public import Wire

/// The part of core/v1 Node that lbd uses.
public struct Node: Hashable, Sendable {
    /// Name, uid and resourceVersion.
    public var metadata: ObjectMeta
    /// status.conditions has NetworkUnavailable with status True.
    public var isNetworkUnavailable: Bool
    /// The label node.kubernetes.io/exclude-from-external-load-balancers is there, whatever its value.
    public var isExcluded: Bool
    /// status.addresses of the type InternalIP, in the server's order: the first is the node's own of its first family.
    public var internalAddresses: [IPAddress]
    /// metadata.labels.
    public var labels: [String: String]

    /// A Node with these fields.
    public init(
        metadata: ObjectMeta, isNetworkUnavailable: Bool = false, isExcluded: Bool = false,
        internalAddresses: [IPAddress] = [], labels: [String: String] = [:]
    ) {
        self.metadata = metadata
        self.isNetworkUnavailable = isNetworkUnavailable
        self.isExcluded = isExcluded
        self.internalAddresses = internalAddresses
        self.labels = labels
    }
}
