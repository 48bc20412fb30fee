internal import Crypto
public import Wire

/// The BGP identifier of a node (RFC 6286): 32 bits that no other speaker of its AS has, and not 0.
public enum RouterID {
    /// The identifier that was set, else the node's IPv4 address, else one that follows from its name alone.
    public static func choose(configured: IPv4Address?, nodeAddress: IPv4Address?, nodeName: String) -> IPv4Address {
        for candidate in [configured, nodeAddress] {
            if let candidate, candidate.rawValue != 0 { return candidate }
        }
        // The low bit, so that it is not 0.
        let hash = SHA256.digest(nodeName.utf8).prefix(4).reduce(0) { $0 << 8 | UInt32($1) }
        return IPv4Address(rawValue: hash | 1)
    }
}
