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

/// `election`: what this node has to say about which of those that could answer for an address does.
public struct ElectionPolicy: Hashable, Sendable {
    /// `failback`: what is this node's by the order of an address comes back to it some time after its return.
    public var failsBack = false
    /// `preferred`: this node comes before others.
    public var isPreferred = false
    /// `wiredFirst`: where this node is connected by radio alone, it comes after those with a cable.
    public var putsWiredFirst = true

    /// The policy of an empty file.
    public init() {}
}

/// What the Balancer takes from `lbd.yaml`.
public struct Settings: Hashable, Sendable {
    /// `node`: this node's name in Kubernetes.
    public var nodeName: String
    /// Told apart from earlier and later daemons on the node: random, kept in the state folder. Follows the node's name
    /// in the leader's Lease.
    public var instanceID: String
    /// Told apart from all other daemons on the node, by chance: drawn at each start, for the gossip and the beats.
    public var instance: UInt64
    /// `kubernetes.leaseNamespace`.
    public var leaseNamespace: String
    /// `kubernetes.loadBalancerClass`: the only spec.loadBalancerClass that is ours; nil for Services without one.
    public var loadBalancerClass: String?
    /// `allocate`.
    public var allocation: AllocationPolicy
    /// `election`: which of the nodes that could answer for an address does.
    public var election: ElectionPolicy

    /// `addresses.probe`: whether addresses are looked for on the network before they are given.
    public var probes: Bool
    /// `addresses.conflicts`: whether an address that another host uses too, and goes on using, is answered for by nobody.
    public var withdraws: Bool
    /// `addresses.strict`: whether pools are refused that hold addresses of the nodes' networks which no Service can have.
    public var isStrict: Bool
    /// `NAMESPACE/NAME` of the pools' ConfigMap; only to tell people where to write.
    public var configMap: String
    /// `pools`, the file's path; only to tell people where to write.
    public var poolsPath: String
    /// The Secret that the gossip is encrypted with, to be made where it is missing; nil where the gossip has another secret.
    public var gossipSecret: ObjectKey?

    /// Settings for the node `nodeName`.
    public init(
        nodeName: String, instanceID: String, instance: UInt64 = 0, leaseNamespace: String = "lbd-system",
        loadBalancerClass: String? = nil,
        allocation: AllocationPolicy = .auto, election: ElectionPolicy = ElectionPolicy(), probes: Bool = true,
        withdraws: Bool = false, isStrict: Bool = false, configMap: String = "metallb-system/config",
        poolsPath: String = "/etc/lbd/pools.yaml", gossipSecret: ObjectKey? = nil
    ) {
        self.nodeName = nodeName
        self.instanceID = instanceID
        self.instance = instance
        self.leaseNamespace = leaseNamespace
        self.loadBalancerClass = loadBalancerClass
        self.allocation = allocation
        self.election = election
        self.probes = probes
        self.withdraws = withdraws
        self.isStrict = isStrict
        self.configMap = configMap
        self.poolsPath = poolsPath
        self.gossipSecret = gossipSecret
    }
}
