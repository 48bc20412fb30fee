public import KubeWatch

/// `allocate`: whether this node may be the one that gives Services their addresses.
public enum AllocationPolicy: String, CaseIterable, Hashable, Sendable {
    /// Unless MetalLB's controller runs in the cluster.
    case auto
    /// Whatever else runs there.
    case always
    /// Never: this node leaves it to others.
    case never
}

/// What the Balancer takes from `lbd.yaml`.
public struct Settings: Hashable, Sendable {
    /// `node`: this node's name in Kubernetes.
    public var nodeName: String
    /// Told apart from earlier and later daemons on the node: random, kept in the state folder. Follows the node's name
    /// in the leader's Lease.
    public var instanceID: String
    /// `kubernetes.leaseNamespace`.
    public var leaseNamespace: String
    /// `kubernetes.loadBalancerClass`: the only spec.loadBalancerClass that is ours; nil for Services without one.
    public var loadBalancerClass: String?
    /// `allocate`.
    public var allocation: AllocationPolicy

    /// `NAMESPACE/NAME` of the pools' ConfigMap; only to tell people where to write.
    public var configMap: String
    /// `pools`, the file's path; only to tell people where to write.
    public var poolsPath: String
    /// The Secret that the gossip is encrypted with, to be made where it is missing; nil where the gossip has another secret.
    public var gossipSecret: ObjectKey?

    /// Settings for the node `nodeName`.
    public init(
        nodeName: String, instanceID: String, leaseNamespace: String = "lbd-system", loadBalancerClass: String? = nil,
        allocation: AllocationPolicy = .auto, configMap: String = "metallb-system/config",
        poolsPath: String = "/etc/lbd/pools.yaml", gossipSecret: ObjectKey? = nil
    ) {
        self.nodeName = nodeName
        self.instanceID = instanceID
        self.leaseNamespace = leaseNamespace
        self.loadBalancerClass = loadBalancerClass
        self.allocation = allocation
        self.configMap = configMap
        self.poolsPath = poolsPath
        self.gossipSecret = gossipSecret
    }
}
