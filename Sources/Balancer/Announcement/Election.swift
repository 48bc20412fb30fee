internal import Crypto
import KubeWatch
import Wire

/// Which nodes can answer for an address, and in which order: MetalLB's newest rule, so that a cluster can change over node
/// by node. Every node comes to the same result from the same facts; nobody has to be asked.
struct Election: Hashable {
    /// The nodes that may answer for anything: a Node of that name exists, is healthy and not excluded, and its daemon is
    /// alive. Ascending by name.
    private var voters: [Voter] = []

    /// A node that may answer.
    struct Voter: Hashable {
        var name: String
        var presence: Presence
        /// Its daemon hears of registers.
        var knowsRegisters: Bool
    }

    /// A speaker of MetalLB's is among them: its rule counts for all.
    private var followsMetalLB = false

    init() {}

    /// The label that excludes nodes counts only while some node does not bear it: on a cluster of one node, which k3s
    /// and kubeadm label as control plane, nobody would be left.
    /// Where the `nodes` are not known, it has no say.
    init(nodes: [String: Node]?, _ roster: Roster) {
        let isExclusionIgnored = Self.isExclusionIgnored(nodes ?? [:])
        voters = roster.alive.compactMap { name, presence in
            // Who has no network has no say either: it cannot hear of registers.
            guard !presence.isNowhere else { return nil }
            if let nodes {
                guard let node = nodes[name], !node.isNetworkUnavailable, isExclusionIgnored || !node.isExcluded else {
                    return nil
                }
            }
            return Voter(name: name, presence: presence, knowsRegisters: roster.knowsRegisters(name))
        }.sorted { $0.name < $1.name }
        followsMetalLB = voters.contains { roster.isSpeaker($0.name) }
    }

    /// Whether all nodes bear the label that excludes them.
    static func isExclusionIgnored(_ nodes: [String: Node]) -> Bool {
        !nodes.isEmpty && nodes.values.allSatisfy(\.isExcluded)
    }

    /// The names of the nodes that may answer for anything, ascending.
    var names: [String] { voters.map(\.name) }

    /// Whether the node `name` may answer for anything.
    func includes(_ name: String) -> Bool { voters.contains { $0.name == name } }

    /// The nodes that can answer for `address`: of those that `serve` it, those in its subnet, else those with an interface
    /// named in their settings. One whose gossip is cut off goes by the order: the address is its own where it comes first,
    /// and no concern of its where it does not.
    func candidates(for address: IPAddress, servedBy serve: Backends.Reach) -> Candidates {
        let serving = voters.filter { serve.includes($0.name) }
        let near = serving.filter { $0.presence.reaches(address) }
        let eligible = near.isEmpty ? serving.filter(\.presence.hasNamedInterface) : near
        guard !followsMetalLB else { return Candidates(voters: eligible, haveRegisters: false) }
        let registrars = eligible.filter(\.knowsRegisters)
        guard registrars.count < eligible.count else { return Candidates(voters: eligible, haveRegisters: true) }
        let first = Self.order(eligible.map(\.name), for: address.description).first
        return registrars.contains { $0.name == first }
            ? Candidates(voters: registrars, haveRegisters: true) : Candidates(voters: eligible, haveRegisters: false)
    }

    /// `nodes` by ascending SHA-256 of `NODE#SUBJECT`.
    static func order(_ nodes: [String], for subject: String) -> [String] {
        nodes.map { node in (digest: SHA256.digest("\(node)#\(subject)".utf8), node: node) }
            .sorted { $0.digest.lexicographicallyPrecedes($1.digest) }
            .map(\.node)
    }
}
