public import Wire

/// Asks a member for an `Ack`.
public struct Ping: Hashable, Sendable {
    /// SeqNo: comes back in the `Ack`.
    public var sequence: UInt32
    /// Node: the name of the member that is asked. One that has another name does not answer.
    public var node: String
    /// SourceAddr and SourcePort: where the sender listens; nil where the peer's version does not tell.
    public var source: SocketAddress?
    /// SourceNode: the sender's name; empty where the peer's version does not tell.
    public var sourceNode: String

    /// A ping with these fields.
    public init(sequence: UInt32, node: String, source: SocketAddress? = nil, sourceNode: String = "") {
        self.sequence = sequence
        self.node = node
        self.source = source
        self.sourceNode = sourceNode
    }
}
