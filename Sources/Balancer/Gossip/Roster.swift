import KubeWatch
import Wire

/// Which nodes' daemons answer for addresses, and what their networks look like: the Leases, the gossip and the beats on
/// the network taken together. The gossip is quick and needs no API server; the Leases know of those that it does not reach.
struct Roster: Hashable {
    /// A renewal that was on its way when the node died comes no later than this.
    private static let renewalDelay = Duration.seconds(3)

    /// The nodes whose daemons are alive.
    private(set) var alive: [String: Presence] = [:]
    /// Those of them that the gossip reaches, and that have registers; and this node.
    private var registrars: Set<String> = []
    /// Those that it does not reach yet, and that have answered directly: they have registers, too.
    private var strangers: Set<String> = []
    /// Those that the gossip reaches, and that know of none.
    private var speakers: Set<String> = []
    /// Whether there is a Lease of which it is not known yet whether its daemon can be reached: it begins, or has died.
    private(set) var hasUnmet = false

    init() {}

    /// These nodes, of which no daemon hears of registers.
    init(alive: [String: Presence]) {
        self.alive = alive
    }

    /// What they say together. This node, `nodeName`, is alive by its Lease, which all see at the same time; what its network
    /// is the others know by the gossip sooner, and this node alone where it `isCutOff`: its Lease may not have been written.
    /// Where it takes part without one, that is `unleased`.
    init(_ leases: Membership, _ gossip: Gossip, nodeName: String, isCutOff: Bool, unleased: Presence?) {
        alive = leases.alive
        registrars = [nodeName]
        let isInCompany = gossip.names.contains { $0 != nodeName && gossip.verdict(on: $0).isAlive }
        if let unleased {
            alive[nodeName] = unleased
        } else if isInCompany || isCutOff, alive[nodeName] != nil, let told = gossip.told {
            alive[nodeName] = told.presence
        }
        for name in Set(alive.keys).union(gossip.names) where name != nodeName {
            switch gossip.verdict(on: name) {
            case .alive(let presence, let knowsRegisters):
                // Whoever has lost its network tells so by the API server, if it can.
                let isOld = leases.edition(of: name).map { gossip.lacks($0, of: name) } ?? false
                if !isOld || alive[name] == nil { alive[name] = presence }
                if knowsRegisters { registrars.insert(name) } else { speakers.insert(name) }
            case .away:
                alive[name] = nil
            case .dead(let since):
                // Its gossip may be cut off while it lives: then its Lease goes on being renewed.
                let limit = since.advanced(by: Self.renewalDelay)
                if leases.renewedAt(name).map({ $0 < limit }) ?? true { alive[name] = nil }
            case .met:
                hasUnmet = true
                if alive[name] != nil { strangers.insert(name) }
            case .unknown:
                // Where the gossip reaches others, a Lease must be renewed before this daemon's eyes: it may be left from
                // one that has died.
                guard leases.renewedAt(name) == nil else { continue }
                hasUnmet = true
                if isInCompany { alive[name] = nil }
            }
        }
    }

    /// Whether the daemon of the node `name` hears of registers.
    func knowsRegisters(_ name: String) -> Bool { registrars.contains(name) || strangers.contains(name) }

    /// Whether the daemon of the node `name` is one of MetalLB's.
    func isSpeaker(_ name: String) -> Bool { speakers.contains(name) }

    /// Whether a node is alive, or heard by the gossip, that was not so `before`.
    func hasCompany(besides before: Roster) -> Bool {
        alive.keys.contains { before.alive[$0] == nil } || !registrars.isSubset(of: before.registrars)
            || !speakers.isSubset(of: before.speakers)
    }

    /// Whether a node besides `name` is alive whose daemon may know who has what.
    func hasWitnesses(besides name: String) -> Bool { alive.keys.contains { $0 != name && !speakers.contains($0) } }

    /// Whether the gossip reaches all whose daemons are alive.
    var isWhole: Bool { alive.keys.allSatisfy { registrars.contains($0) || speakers.contains($0) } }

    /// Whether a node besides `name` hears of registers.
    func hasRegistrars(besides name: String) -> Bool { registrars.contains { $0 != name } }
}
