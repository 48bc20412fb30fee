public import Wire

/// Asks a member to ping another one in the sender's stead.
public struct IndirectPing: Hashable, Sendable {
    /// SeqNo: comes back in the `Ack` or the nack.
    public var sequence: UInt32
    /// Target and Port: where the member to be pinged listens.
    public var target: SocketAddress
    /// Node: the name of the member to be pinged.
    public var node: String
    /// Nack: whether the sender wants to be told that no answer came.
    public var wantsNack: Bool
    /// SourceAddr and SourcePort: where the sender listens; nil where the peer's version does not tell.
    public var source: SocketAddress?
    /// SourceNode: the sender's name; empty where the peer's version does not tell.
    public var sourceNode: String

    /// An indirect ping with these fields.
    public init(
        sequence: UInt32, target: SocketAddress, node: String, wantsNack: Bool = true, source: SocketAddress? = nil,
        sourceNode: String = ""
    ) {
        self.sequence = sequence
        self.target = target
        self.node = node
        self.wantsNack = wantsNack
        self.source = source
        self.sourceNode = sourceNode
    }
}
