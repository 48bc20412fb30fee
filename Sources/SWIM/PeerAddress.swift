internal import Wire

extension SocketAddress {
    /// Whether a member can listen there: one host's address, and a port.
    var isPlausible: Bool {
        guard port != 0 else { return false }
        switch address {
        case .v4(let address):
            // 0.0.0.0/8 is this host (RFC 1122 section 3.2.1.3); from 224.0.0.0 on it is multicast, reserved and
            // broadcast.
            let first = address.rawValue >> 24
            return first != 0 && first < 224
        case .v6(let address):
            return address.rawValue != 0 && address.rawValue >> 120 != 0xFF
        }
    }
}
