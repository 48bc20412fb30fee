import Balancer
import KubeWatch
import NetLink
import Wire

/// What `lbd.yaml` says; every key has a default.
struct Configuration: Hashable, Sendable {
    /// `kubernetes`: the way to the cluster and the places in it.
    struct Kubernetes: Hashable, Sendable {
        /// `kubeconfig`: an absolute path.
        var kubeconfig = "/etc/lbd/kubeconfig"
        /// `namespace`: where the pools' ConfigMap is.
        var namespace = "metallb-system"
        /// `configMap`: its name.
        var configMap = "config"
        /// `leaseNamespace`: where lbd keeps its Leases.
        var leaseNamespace = "lbd-system"
        /// `loadBalancerClass`: the only class of Services that is ours; nil for Services without one.
        var loadBalancerClass: String?

        /// `NAMESPACE/NAME` of the pools' ConfigMap.
        var configMapName: String { "\(namespace)/\(configMap)" }
        /// The Secret that the gossip is encrypted with, where MetalLB has it too.
        var gossipSecret: ObjectKey { ObjectKey(namespace: namespace, name: "memberlist") }
    }

    /// `gossip`: how the nodes find each other.
    struct Gossip: Hashable, Sendable {
        /// The most members that `join` may name.
        static let maximumJoinCount = 64

        /// `bind`: the address to listen on.
        var bind = IPAddress.v4(IPv4Address(rawValue: 0))
        /// `port`, UDP and TCP.
        var port: UInt16 = 7946
        /// `join`: further members to look for.
        var join: [SocketAddress] = []
        /// `encrypted`.
        var isEncrypted = true
        /// `secretFile`: an absolute path; nil to take the cluster's Secret.
        var secretFile: String?

        /// Whether the cluster's Secret is wanted.
        var takesClusterSecret: Bool { isEncrypted && secretFile == nil }
    }

    /// `node`: this node's name in Kubernetes.
    var node: String
    /// `kubernetes`.
    var kubernetes = Kubernetes()
    /// `allocate`: whether this node may give Services their addresses.
    var allocate = AllocationPolicy.auto
    /// `pools`: the absolute path of `pools.yaml`.
    var pools = "/etc/lbd/pools.yaml"
    /// `state`: the absolute path of the folder that outlives a boot.
    var state = "/var/lib/lbd"
    /// `runtime`: the absolute path of the folder that a boot empties.
    var runtime = "/run/lbd"
    /// `interfaces`.
    var interfaces = InterfacePatterns()
    /// `announcements.refreshSeconds`: how often an address is announced again; 0 for never.
    var refreshSeconds = 60
    /// `placement`: where this node itself bears the addresses that it answers for.
    var placement = Placement.Mode.none
    /// `addresses.probe`: whether addresses are looked for on the network before they are given.
    var probes = true
    /// `addresses.conflicts`: whether an address that another host uses too is answered for by nobody, once defending it
    /// was in vain.
    var withdraws = false
    /// `addresses.strict`: whether pools are refused that hold what no Service can have.
    var isStrict = false
    /// `election`: which of the nodes that could answer for an address does.
    var election = ElectionPolicy()
    /// `gossip`.
    var gossip = Gossip()
    /// `bgp.listen`: where routers may connect to; nil for nowhere.
    var bgpListen: SocketAddress?
    /// `metrics.listen`: `ADDRESS:PORT`.
    var metricsListen = "127.0.0.1:7472"

    /// The settings of an empty file on the host `hostname`.
    init(hostname: String) {
        node = hostname.lowercased()
    }

    /// What the Balancer takes from here.
    func balancerSettings(instanceID: String, instance: UInt64) -> Settings {
        Settings(
            nodeName: node, instanceID: instanceID, instance: instance, leaseNamespace: kubernetes.leaseNamespace,
            loadBalancerClass: kubernetes.loadBalancerClass, allocation: allocate,
            election: election, probes: probes, withdraws: withdraws, isStrict: isStrict,
            configMap: kubernetes.configMapName, poolsPath: pools,
            gossipSecret: gossip.takesClusterSecret ? kubernetes.gossipSecret : nil)
    }

    /// Whether a difference to `old` cannot be put in force while the daemon runs: all but `interfaces` is so.
    func needsRestart(after old: Configuration) -> Bool {
        var same = old
        same.interfaces = interfaces
        return same != self
    }
}
