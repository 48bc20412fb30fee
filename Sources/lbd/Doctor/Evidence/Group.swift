import Balancer
import Wire

/// The other nodes, as the daemon knows them by their Leases and by the gossip; without a daemon those that the settings name.
struct Group {
    /// One of them.
    struct Peer {
        var name: String
        /// Where it listens; nil where that is not known.
        var address: SocketAddress?
        var isAlive: Bool?
        var gossip: String?
    }

    /// Ascending by name. Who has said farewell is left out.
    let peers: [Peer]

    init(_ status: NodeStatus?, _ configuration: Configuration, _ links: [Link]) {
        let gossip = configuration.gossip
        guard let status else {
            peers = gossip.join.map { Peer(name: "\($0)", address: $0) }
            return
        }
        let members = Dictionary(status.members.map { ($0.name, $0) }) { $1 }
        let gossips = Dictionary(status.gossip.map { ($0.name, $0) }) { $1 }
        let names = Set(members.keys).union(gossips.keys).subtracting([configuration.node]).sorted()
        peers = names.compactMap { name in
            let (member, gossiper) = (members[name], gossips[name])
            if gossiper?.status == "left", member?.isAlive != true { return nil }
            let near = member?.addresses.compactMap { Prefix($0)?.address }.first { address in
                links.contains { $0.interface.addresses.contains { $0.contains(address) } }
            }
            return Peer(
                name: name,
                address: gossiper.flatMap { SocketAddress($0.address) }
                    ?? near.map { SocketAddress($0, port: gossip.port) },
                isAlive: member?.isAlive, gossip: gossiper?.status)
        }
    }

    /// With what came of the connections to them.
    func evidence(_ contacts: Contacts) -> [GossipCheck.Peer] {
        peers.map { peer in
            let outcome = peer.address.flatMap { contacts.outcomes[$0] }
            return GossipCheck.Peer(
                name: peer.name, address: peer.address?.description ?? "at no address of this node's networks",
                isAlive: peer.isAlive, gossip: peer.gossip,
                outcome: outcome ?? .silent(reason: "it was not tried"))
        }
    }
}
