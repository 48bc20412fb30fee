import Balancer

/// What a daemon tells of itself: the reply to `io.lbd.GetStatus`, and what `lbd status` shows.
struct NodeStatus: Codable, Hashable {
    /// The last line of the journal that was a warning or an error.
    struct LastError: Codable, Hashable {
        /// The line.
        var message: String
        /// How long ago it was written, in whole seconds.
        var secondsAgo: Int
    }

    /// What has been counted of the gossip since the daemon started.
    struct GossipTraffic: Codable, Hashable {
        /// Packets that came and could be read.
        var received: UInt64
        /// Packets that were sent.
        var sent: UInt64
        /// Packets that came and were not encrypted, or with another secret.
        var undecryptable: UInt64
        /// Packets that came and made no sense.
        var malformed: UInt64
    }

    /// The name in Kubernetes of the node that tells.
    var node: String
    /// The daemon's version.
    var version: String
    /// The node that gives Services their addresses; nil where none is known.
    var leader: String?
    /// What is wrong and what to do about it, the worst first.
    var problems: [String]
    /// nil where all has gone well so far.
    var lastError: LastError?
    /// Ascending by namespace and name.
    var services: [Overview.Service]
    /// In the order of the configuration.
    var pools: [Overview.Pool]
    /// Ascending by name.
    var members: [Overview.Member]
    /// Ascending by name.
    var gossip: [Overview.GossipMember]
    /// nil while this node does not gossip.
    var gossipTraffic: GossipTraffic?

    /// What the daemon on `node` tells: the Balancer's `overview`, and before its problems those of the Shell.
    init(
        node: String, overview: Overview, shellProblems: [String], lastError: LastError?, gossipTraffic: GossipTraffic?
    ) {
        self.node = node
        version = lbd.version
        leader = overview.leader
        problems = shellProblems + overview.problems
        self.lastError = lastError
        services = overview.services
        pools = overview.pools
        members = overview.members
        gossip = overview.gossip
        self.gossipTraffic = gossipTraffic
    }
}
