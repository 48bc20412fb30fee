/// An address and a UDP or TCP port: where a peer listens.
public struct SocketAddress: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The host's address.
    public var address: IPAddress
    /// The port, in the machine's own byte order.
    public var port: UInt16

    /// The port `port` of the host at `address`.
    public init(_ address: IPAddress, port: UInt16) {
        self.address = address
        self.port = port
    }

    /// `192.168.2.10:7946`; `[fd00::10]:7946` for IPv6 (RFC 3986 section 3.2.2).
    public var description: String {
        switch address {
        case .v4: "\(address):\(port)"
        case .v6: "[\(address)]:\(port)"
        }
    }

    /// By address, then by port.
    public static func < (left: SocketAddress, right: SocketAddress) -> Bool {
        (left.address, left.port) < (right.address, right.port)
    }
}
