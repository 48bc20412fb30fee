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

    /// Where this node itself bears what it answers for.
    struct Placement: Codable, Hashable {
        /// As in lbd.yaml: `interface` or `dummy`.
        var mode: String
        /// What it bears, ascending.
        var addresses: [String]
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

    /// A router that this node has a BGP session with, or is to have.
    struct Peer: Codable, Hashable {
        /// Its address.
        var address: String
        /// The port that it is reached at.
        var port: Int
        /// Its AS.
        var asn: Int
        /// How far the session is, in the words of RFC 4271: `Established` where routes are told.
        var state: String
        /// For how long it has been so, in whole seconds.
        var seconds: Int
        /// How many routes it has been told.
        var announced: Int
        /// How many it is to be told.
        var wanted: Int
        /// How many it has told; they are counted and dropped.
        var received: UInt64
        /// What it can do; empty unless the session is established.
        var capabilities: [String]
        /// How far BFD is with it: `Up` where both hear each other; nil where it is not used.
        var bfd: String?
        /// Why the last session or try ended; nil where none has.
        var lastError: String?
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
    /// nil where this node does not itself bear what it answers for.
    var placement: Placement?
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
    /// In the order of the configuration.
    var peers: [Peer]

    /// What the daemon on `node` tells: the Balancer's `overview`, and before its problems those of the Shell.
    init(
        node: String, overview: Overview, shellProblems: [String], lastError: LastError?, placement: Placement?,
        gossipTraffic: GossipTraffic?, peers: [Peer]
    ) {
        self.node = node
        version = lbd.version
        leader = overview.leader
        problems = shellProblems + overview.problems
        self.lastError = lastError
        self.placement = placement
        services = overview.services
        pools = overview.pools
        members = overview.members
        gossip = overview.gossip
        self.gossipTraffic = gossipTraffic
        self.peers = peers
    }
}
