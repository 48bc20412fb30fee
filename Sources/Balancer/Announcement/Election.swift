internal import Crypto
import KubeWatch
import Wire

/// Which node answers for an address: MetalLB's newest rule, so that a cluster can change over node by node. Every node
/// comes to the same result from the same facts; nobody has to be asked.
struct Election: Hashable {
    /// The nodes that may answer for anything: a Node of that name exists, is healthy and not excluded, and its daemon is
    /// alive. Ascending by name.
    private var voters: [Voter] = []

    private struct Voter: Hashable {
        var name: String
        var presence: Presence
    }

    init() {}

    /// The label that excludes nodes counts only while some node does not bear it: on a cluster of one node, which k3s
    /// and kubeadm label as control plane, nobody would be left.
    init(nodes: [String: Node], alive: [String: Presence]) {
        let isExclusionIgnored = Self.isExclusionIgnored(nodes)
        voters = alive.compactMap { name, presence in
            guard let node = nodes[name], !node.isNetworkUnavailable, isExclusionIgnored || !node.isExcluded else {
                return nil
            }
            return Voter(name: name, presence: presence)
        }.sorted { $0.name < $1.name }
    }

    /// Whether all nodes bear the label that excludes them.
    static func isExclusionIgnored(_ nodes: [String: Node]) -> Bool {
        !nodes.isEmpty && nodes.values.allSatisfy(\.isExcluded)
    }

    /// The node that answers for `address`: of those that `serve` it, those in its subnet, else those with an interface
    /// named in their settings; of these the first in `order`. nil where there is none.
    func winner(for address: IPAddress, servedBy serve: Backends.Reach) -> String? {
        let serving = voters.filter { serve.includes($0.name) }
        let near = serving.filter { $0.presence.reaches(address) }
        let candidates = near.isEmpty ? serving.filter(\.presence.hasNamedInterface) : near
        guard candidates.count > 1 else { return candidates.first?.name }
        return Self.order(candidates.map(\.name), for: address.description).first
    }

    /// `nodes` by ascending SHA-256 of `NODE#SUBJECT`.
    static func order(_ nodes: [String], for subject: String) -> [String] {
        nodes.map { node in (digest: SHA256.digest("\(node)#\(subject)".utf8), node: node) }
            .sorted { $0.digest.lexicographicallyPrecedes($1.digest) }
            .map(\.node)
    }
}
