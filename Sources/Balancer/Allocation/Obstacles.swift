import KubeWatch
import Wire

/// The addresses of the nodes' networks that no Service gets.
struct Obstacles: Hashable {
    private(set) var byAddress: [IPAddress: Obstacle] = [:]

    init() {}

    /// Those that follow from the networks of the nodes, `presences` by name, from what their Node objects say, and from the
    /// gateways that this node knows.
    init(presences: [String: Presence], nodes: [String: Node], gateways: [IPAddress]) {
        // What matters more to people comes later, and stays.
        for prefix in presences.values.flatMap(\.prefixes).sorted() { insert(endsOf: prefix) }
        for gateway in gateways.sorted() { byAddress[gateway] = .gateway }
        for (name, node) in nodes.sorted(by: { $0.key < $1.key }) {
            for address in node.internalAddresses { byAddress[address] = .node(name) }
        }
        for (name, presence) in presences.sorted(by: { $0.key < $1.key }) {
            for prefix in presence.prefixes { byAddress[prefix.address] = .node(name) }
        }
    }

    private mutating func insert(endsOf prefix: Prefix) {
        // A link of two hosts has neither (RFC 3021, RFC 6164).
        guard prefix.length < prefix.address.family.bitWidth - 1 else { return }
        let range = prefix.range
        guard let network = Prefix(range.first, length: prefix.length) else { return }
        byAddress[range.first] = .network(network)
        if range.family == .ipv4 { byAddress[range.last] = .broadcast(network) }
    }

    subscript(address: IPAddress) -> Obstacle? { byAddress[address] }

    /// Those in `pool`, ascending.
    func inside(_ pool: Pool) -> [(address: IPAddress, obstacle: Obstacle)] {
        byAddress.filter { pool.contains($0.key) }.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }
}
