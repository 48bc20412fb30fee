public import BGP
public import Wire

/// One of `peers`: a BGP router.
public struct Peer: Hashable, Sendable {
    /// `my-asn`; never 0.
    public var localASN: UInt32
    /// `peer-asn`; never 0.
    public var peerASN: UInt32
    /// `peer-address`.
    public var address: IPAddress
    /// `peer-port`.
    public var port: UInt16
    /// `hold-time` (RFC 4271 section 4.2): 0 for none, else at least 3.
    public var holdTimeSeconds: UInt16
    /// `router-id`; nil to derive it when connecting.
    public var routerID: IPv4Address?
    /// `node-selectors`: the nodes that peer, any of these; all nodes where empty.
    public var nodeSelectors: [NodeSelector]
    /// `password` for TCP MD5 (RFC 2385); empty for none.
    public var password: String
    /// `source-address`: this node's address to connect from; nil for the one that the kernel chooses.
    public var sourceAddress: IPAddress?
    /// `ttl-security-hops`: how many hops away it may be at most (RFC 5082); nil for any distance.
    public var securityHops: Int?
    /// `passive`: whether to wait for it to connect, and never to do so.
    public var isPassive: Bool
    /// `graceful-restart`: for how long it is to keep this node's routes while lbd restarts; nil not to.
    public var restart: BGP.Settings.Restart?
    /// `bfd`: how to watch the way to it (RFC 5880); nil not to.
    public var bfd: BFD.Settings?

    /// A router with these settings.
    public init(
        localASN: UInt32, peerASN: UInt32, address: IPAddress, port: UInt16 = Way.defaultPort,
        holdTimeSeconds: UInt16 = 90,
        routerID: IPv4Address? = nil, nodeSelectors: [NodeSelector] = [], password: String = "",
        sourceAddress: IPAddress? = nil, securityHops: Int? = nil, isPassive: Bool = false,
        restart: BGP.Settings.Restart? = BGP.Settings.Restart(), bfd: BFD.Settings? = nil
    ) {
        self.localASN = localASN
        self.peerASN = peerASN
        self.address = address
        self.port = port
        self.holdTimeSeconds = holdTimeSeconds
        self.routerID = routerID
        self.nodeSelectors = nodeSelectors
        self.password = password
        self.sourceAddress = sourceAddress
        self.securityHops = securityHops
        self.isPassive = isPassive
        self.restart = restart
        self.bfd = bfd
    }
}

/// A selector of nodes by their labels (metav1.LabelSelector): all its requirements must hold.
public struct NodeSelector: Hashable, Sendable {
    /// How a label is compared with a requirement's values.
    public enum Operator: String, CaseIterable, Hashable, Sendable {
        case isIn = "In"
        case notIn = "NotIn"
        case exists = "Exists"
        case doesNotExist = "DoesNotExist"
    }

    /// One of `match-expressions`; a `match-labels` entry is read as `In` with one value.
    public struct Requirement: Hashable, Sendable {
        /// The label's key.
        public var key: String
        /// The comparison.
        public var comparison: Operator
        /// What is compared with; empty for `Exists` and `DoesNotExist`.
        public var values: [String]

        /// A requirement on the label `key`.
        public init(key: String, comparison: Operator, values: [String]) {
            self.key = key
            self.comparison = comparison
            self.values = values
        }
    }

    /// The requirements: `match-labels` ascending by key, then `match-expressions` as written.
    public var requirements: [Requirement]

    /// A selector of the nodes that meet all of `requirements`.
    public init(requirements: [Requirement]) {
        self.requirements = requirements
    }
}
