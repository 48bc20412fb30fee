internal import System
public import Wire

/// How a peer is reached: what its connections are made with.
public struct Way: Hashable, Sendable {
    /// BGP's TCP port (RFC 4271 section 8.2.1).
    public static let defaultPort: UInt16 = 179
    /// The longest key, in bytes.
    public static let longestKeyBytes = TCPOptions.longestKeyBytes

    /// Where it listens.
    public var peer: SocketAddress
    /// The address of this host to connect from; nil for the one that the kernel chooses.
    public var source: IPAddress?
    /// The key that both sides sign their segments with (TCP-MD5, RFC 2385), at most 80 bytes; empty for none.
    public var key: [UInt8]
    /// How many hops away it may be at most (RFC 5082), which both sides must be set to; nil for any distance.
    public var hops: Int?

    /// The way to `peer`.
    public init(to peer: SocketAddress, from source: IPAddress? = nil, key: [UInt8] = [], hops: Int? = nil) {
        self.peer = peer
        self.source = source
        self.key = key
        self.hops = hops
    }

    /// What its sockets are made with.
    var options: TCPOptions { TCPOptions(key: key, hops: hops) }
}
