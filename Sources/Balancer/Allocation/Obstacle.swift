import Wire

/// Why an address is never given to a Service, though a pool holds it.
enum Obstacle: Hashable, CustomStringConvertible {
    /// A node has it itself.
    case node(String)
    /// Nodes reach the rest of the world by it.
    case gateway
    /// It stands for the network: the first address of a subnet (RFC 4291 section 2.6.1 for IPv6).
    case network(Prefix)
    /// It stands for all hosts of a subnet (RFC 919).
    case broadcast(Prefix)

    /// What it is, in words that complete "it is …".
    var description: String {
        switch self {
        case .node(let name): "the node \"\(name)\"'s own address"
        case .gateway: "the default gateway's address"
        case .network(let prefix): "the address of the network \(prefix) itself"
        case .broadcast(let prefix): "the broadcast address of \(prefix)"
        }
    }

    /// Whether somebody has made a mistake: that a pool runs to the end of a subnet is common, and does no harm.
    var isMistake: Bool {
        switch self {
        case .node, .gateway: true
        case .network, .broadcast: false
        }
    }
}
