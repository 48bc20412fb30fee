/// The whole state of a member, which two members exchange by TCP.
public struct PushPull: Hashable, Sendable {
    /// What the sender knows of a member.
    public struct NodeState: Hashable, Sendable {
        /// The member as its `Alive` tells it.
        public var alive: Alive
        /// State: how the sender sees it.
        public var status: Member.Status

        /// The member `alive`, in the state `status`.
        public init(_ alive: Alive, status: Member.Status) {
            self.alive = alive
            self.status = status
        }
    }

    /// Join: whether the sender comes new to the group.
    public var isJoin: Bool
    /// Every member that the sender knows, dead ones too.
    public var nodes: [NodeState]
    /// Bytes that the protocol carries and does not understand.
    public var userState: [UInt8]

    /// The state with these fields.
    public init(isJoin: Bool, nodes: [NodeState], userState: [UInt8] = []) {
        self.isJoin = isJoin
        self.nodes = nodes
        self.userState = userState
    }
}
