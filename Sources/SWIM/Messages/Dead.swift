/// Tells that a member is dead; where `from` is the member itself, that it has left.
public struct Dead: Hashable, Sendable {
    /// Incarnation: that of the member, as the sender knows it.
    public var incarnation: UInt32
    /// Node: the member's name.
    public var node: String
    /// From: who tells it.
    public var from: String

    /// Whether the member has left by itself.
    public var isLeave: Bool { node == from }

    /// A death with these fields.
    public init(incarnation: UInt32, node: String, from: String) {
        self.incarnation = incarnation
        self.node = node
        self.from = from
    }
}
