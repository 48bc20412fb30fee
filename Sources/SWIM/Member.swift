public import Wire

/// A member of the group, as this node sees it.
public struct Member: Hashable, Sendable {
    /// How a member stands; the raw value is the one on the wire.
    public enum Status: UInt8, Hashable, Sendable {
        /// It answers.
        case alive = 0
        /// It does not answer, and may still refute.
        case suspect = 1
        /// It did not answer, nor refute.
        case dead = 2
        /// It has said farewell.
        case left = 3
    }

    /// What the metadata of members of ours begin with. They know the keys of both lengths (see `Keys`).
    public static let mark = Array("lbd".utf8)

    /// Its name: the node's name in Kubernetes, as with MetalLB's speakers.
    public var name: String
    /// Where it listens, by UDP and by TCP.
    public var address: SocketAddress
    /// What it says about itself, at most 512 bytes.
    public var metadata: [UInt8]
    /// The versions that it speaks.
    public var versions: Versions
    /// Grows each time it refutes or changes what it says.
    public var incarnation: UInt32
    /// How it stands.
    public var status: Status

    /// A member with these fields.
    public init(
        name: String, address: SocketAddress, metadata: [UInt8] = [], versions: Versions = .current,
        incarnation: UInt32 = 0, status: Status = .alive
    ) {
        self.name = name
        self.address = address
        self.metadata = metadata
        self.versions = versions
        self.incarnation = incarnation
        self.status = status
    }
}
