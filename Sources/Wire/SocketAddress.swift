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

    /// Parses `192.168.2.10:7946` and `[fd00::10]:7946`, and where there is a `defaultPort` an address without a port too;
    /// nil for anything else, names and the port 0 included.
    public init?(_ text: some StringProtocol, defaultPort: UInt16? = nil) {
        if let defaultPort, let address = IPAddress(text) {
            self.init(address, port: defaultPort)
            return
        }
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]), port > 0 else {
            return nil
        }
        let host = text[..<colon]
        if let address = IPv4Address(host) {
            self.init(.v4(address), port: port)
        } else if host.hasPrefix("["), host.hasSuffix("]"), let address = IPv6Address(host.dropFirst().dropLast()) {
            self.init(.v6(address), port: port)
        } else {
            return nil
        }
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
