public import Wire

/// Tells that a member is alive, where it listens and what it says about itself.
public struct Alive: Hashable, Sendable {
    /// Incarnation: grows each time the member refutes or changes what it says.
    public var incarnation: UInt32
    /// Node: the member's name.
    public var node: String
    /// Addr and Port: where the member listens, by UDP and by TCP.
    public var address: SocketAddress
    /// Meta: what the member says about itself, at most 512 bytes.
    public var metadata: [UInt8]
    /// Vsn: the versions that the member speaks.
    public var versions: Versions

    /// A sign of life with these fields.
    public init(
        incarnation: UInt32, node: String, address: SocketAddress, metadata: [UInt8] = [],
        versions: Versions = .current
    ) {
        self.incarnation = incarnation
        self.node = node
        self.address = address
        self.metadata = metadata
        self.versions = versions
    }
}
