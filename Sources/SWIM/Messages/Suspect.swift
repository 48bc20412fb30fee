/// Tells that a member does not answer.
public struct Suspect: Hashable, Sendable {
    /// Incarnation: that of the member, as the sender knows it.
    public var incarnation: UInt32
    /// Node: the member's name.
    public var node: String
    /// From: who suspects it; several of them shorten the suspicion (Lifeguard).
    public var from: String

    /// A suspicion with these fields.
    public init(incarnation: UInt32, node: String, from: String) {
        self.incarnation = incarnation
        self.node = node
        self.from = from
    }
}
