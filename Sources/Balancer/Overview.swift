/// How things stand, as one node sees them: what `lbd status` shows. All lists are sorted.
public struct Overview: Hashable, Sendable {
    /// A Service that is lbd's to serve.
    public struct Service: Hashable, Sendable, Codable {
        /// Its namespace.
        public var namespace: String
        /// Its name.
        public var name: String
        /// The addresses in its status, ascending.
        public var addresses: [Address]
        /// How many of its endpoints serve.
        public var readyEndpoints: Int
        /// Why it has no address, or not the one it asks for, or why nobody answers for it; nil where all is well.
        public var problem: String?
    }

    /// An address that a Service has.
    public struct Address: Hashable, Sendable, Codable {
        /// The address.
        public var address: String
        /// The node that answers for it; nil where none can.
        public var owner: String?
        /// The nodes that tell routers of it, ascending; empty where it is not told to routers.
        public var advertisers: [String] = []
        /// The names of the interfaces that this node answers on, ascending; empty where another node does.
        public var interfaces: [String]
        /// For how long this node has answered for it, or told routers of it, in whole seconds; nil where it does not.
        public var announcedSeconds: Int?
    }

    /// An address that a host uses which is no node of the cluster.
    public struct Conflict: Hashable, Sendable, Codable {
        /// The address.
        public var address: String
        /// The host's Ethernet address.
        public var station: String
    }

    /// A pool in force.
    public struct Pool: Hashable, Sendable, Codable {
        /// Its name.
        public var name: String
        /// How its addresses are announced: `layer2` or `bgp`.
        public var `protocol`: String
        /// Whether a Service that does not ask for this pool may get an address of it.
        public var autoAssign: Bool
        /// Its ranges, `FIRST-LAST`, in the order of the configuration.
        public var addresses: [String]
        /// How many of its addresses Services have.
        public var used: Int
        /// How many more it can give away; saturates.
        public var free: Int
        /// What of it other hosts use, as far as this node has found out, which does so while it leads; ascending.
        public var conflicts: [Conflict] = []
    }

    /// A node with a daemon.
    public struct Member: Hashable, Sendable, Codable {
        /// The node's name.
        public var name: String
        /// Whether its daemon is alive.
        public var isAlive: Bool
        /// The addresses of its usable interfaces, with their prefix lengths, ascending.
        public var addresses: [String]
        /// Why it answers for nothing although its daemon is alive; nil where it may.
        public var problem: String?

        private enum CodingKeys: String, CodingKey {
            case name
            case isAlive = "alive"
            case addresses, problem
        }
    }

    /// A member of the group that gossips: a node, or another program that speaks the protocol.
    public struct GossipMember: Hashable, Sendable, Codable {
        /// Its name: that of its node.
        public var name: String
        /// How it stands: `alive`, `suspect`, `dead` or `left`.
        public var status: String
        /// Where it listens: `ADDRESS:PORT`.
        public var address: String
        /// For how long it has stood so, in whole seconds.
        public var seconds: Int
        /// How many times the usual time it is allowed, since it answers slowly or its link loses packets; nil where it
        /// does well.
        public var stretch: Int?
    }

    /// The node that gives Services their addresses; nil where none is known.
    public var leader: String?
    /// Ascending by namespace and name.
    public var services: [Service]
    /// In the order of the configuration.
    public var pools: [Pool]
    /// Ascending by name.
    public var members: [Member]
    /// The group as the gossip shows it, ascending by name.
    public var gossip: [GossipMember]
    /// What is wrong and what to do about it, the worst first.
    public var problems: [String]
}
