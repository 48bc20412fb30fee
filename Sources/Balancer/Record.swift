/// A line for the journal: one for each change of state.
public struct Record: Hashable, Sendable {
    /// syslog's levels (RFC 5424 section 6.2.1), those that are used.
    public enum Priority: Int, Hashable, Sendable {
        case error = 3
        case warning = 4
        case notice = 5
        case info = 6
    }

    /// What kind of change it is; the raw value is its MESSAGE_ID (systemd.journal-fields(7)), the key of the message
    /// catalogue.
    public enum MessageID: String, CaseIterable, Hashable, Sendable {
        case addressAllocated = "5b1c1d0f0e7f4f7d9f5f2a6f0d0a4c01"
        case allocationFailed = "5b1c1d0f0e7f4f7d9f5f2a6f0d0a4c02"
        case addressTaken = "5b1c1d0f0e7f4f7d9f5f2a6f0d0a4c03"
        case addressReleased = "5b1c1d0f0e7f4f7d9f5f2a6f0d0a4c04"
        case addressFreed = "5b1c1d0f0e7f4f7d9f5f2a6f0d0a4c05"
        case duplicateRepaired = "5b1c1d0f0e7f4f7d9f5f2a6f0d0a4c06"
        case foreignStatus = "5b1c1d0f0e7f4f7d9f5f2a6f0d0a4c07"
        case poolsInForce = "5b1c1d0f0e7f4f7d9f5f2a6f0d0a4c08"
        case poolsRefused = "5b1c1d0f0e7f4f7d9f5f2a6f0d0a4c09"
        case leadershipGained = "5b1c1d0f0e7f4f7d9f5f2a6f0d0a4c0a"
        case leadershipLost = "5b1c1d0f0e7f4f7d9f5f2a6f0d0a4c0b"
        case peerAlive = "5b1c1d0f0e7f4f7d9f5f2a6f0d0a4c0c"
        case peerDead = "5b1c1d0f0e7f4f7d9f5f2a6f0d0a4c0d"
        case serverReachable = "5b1c1d0f0e7f4f7d9f5f2a6f0d0a4c0e"
        case serverUnreachable = "5b1c1d0f0e7f4f7d9f5f2a6f0d0a4c0f"
        case nodeUnknown = "5b1c1d0f0e7f4f7d9f5f2a6f0d0a4c10"
        case exclusionIgnored = "5b1c1d0f0e7f4f7d9f5f2a6f0d0a4c11"
        case started = "5b1c1d0f0e7f4f7d9f5f2a6f0d0a4c12"
        case stopping = "5b1c1d0f0e7f4f7d9f5f2a6f0d0a4c13"
        case writeRefused = "5b1c1d0f0e7f4f7d9f5f2a6f0d0a4c14"
        case addressesKept = "5b1c1d0f0e7f4f7d9f5f2a6f0d0a4c15"
        case readRefused = "5b1c1d0f0e7f4f7d9f5f2a6f0d0a4c16"
        case allocationYielded = "5b1c1d0f0e7f4f7d9f5f2a6f0d0a4c17"
        case allocationResumed = "5b1c1d0f0e7f4f7d9f5f2a6f0d0a4c18"
        case resourcesNotRead = "5b1c1d0f0e7f4f7d9f5f2a6f0d0a4c19"
        case recollecting = "5b1c1d0f0e7f4f7d9f5f2a6f0d0a4c20"
        case nodeSilent = "5b1c1d0f0e7f4f7d9f5f2a6f0d0a4c21"
        case nodeHeard = "5b1c1d0f0e7f4f7d9f5f2a6f0d0a4c22"
        case memberStretched = "5b1c1d0f0e7f4f7d9f5f2a6f0d0a4c28"
        case gossipPace = "5b1c1d0f0e7f4f7d9f5f2a6f0d0a4c29"
        case memberAlive = "5b1c1d0f0e7f4f7d9f5f2a6f0d0a4c1a"
        case memberSuspected = "5b1c1d0f0e7f4f7d9f5f2a6f0d0a4c1b"
        case memberDead = "5b1c1d0f0e7f4f7d9f5f2a6f0d0a4c1c"
        case memberLeft = "5b1c1d0f0e7f4f7d9f5f2a6f0d0a4c1d"
        case nameTaken = "5b1c1d0f0e7f4f7d9f5f2a6f0d0a4c1e"
        case peeringUp = "5b1c1d0f0e7f4f7d9f5f2a6f0d0a4c40"
        case peeringDown = "5b1c1d0f0e7f4f7d9f5f2a6f0d0a4c41"
        case peeringFailed = "5b1c1d0f0e7f4f7d9f5f2a6f0d0a4c42"
        case routeAnnounced = "5b1c1d0f0e7f4f7d9f5f2a6f0d0a4c43"
        case routeWithdrawn = "5b1c1d0f0e7f4f7d9f5f2a6f0d0a4c44"
        case starved = "5b1c1d0f0e7f4f7d9f5f2a6f0d0a4c1f"
        case cutOff = "5b1c1d0f0e7f4f7d9f5f2a6f0d0a4c31"
        case reconnected = "5b1c1d0f0e7f4f7d9f5f2a6f0d0a4c32"
        case unheard = "5b1c1d0f0e7f4f7d9f5f2a6f0d0a4c33"
        case addressBarred = "5b1c1d0f0e7f4f7d9f5f2a6f0d0a4c50"
        case poolOutOfReach = "5b1c1d0f0e7f4f7d9f5f2a6f0d0a4c51"
        case addressUsedElsewhere = "5b1c1d0f0e7f4f7d9f5f2a6f0d0a4c52"
        case networkChanged = "5b1c1d0f0e7f4f7d9f5f2a6f0d0a4c53"
        case contested = "5b1c1d0f0e7f4f7d9f5f2a6f0d0a4c34"
    }

    /// How much it matters.
    public var priority: Priority
    /// What kind of change it is.
    public var id: MessageID
    /// The line itself.
    public var message: String
    /// LBD_SERVICE: `namespace/name`.
    public var service: String?
    /// LBD_ADDRESS.
    public var address: String?
    /// LBD_NODE.
    public var node: String?
    /// LBD_INTERFACE: the interface's name.
    public var interface: String?

    /// A line with the fields that apply.
    public init(
        _ priority: Priority, _ id: MessageID, _ message: String, service: String? = nil, address: String? = nil,
        node: String? = nil, interface: String? = nil
    ) {
        self.priority = priority
        self.id = id
        self.message = message
        self.service = service
        self.address = address
        self.node = node
        self.interface = interface
    }
}
