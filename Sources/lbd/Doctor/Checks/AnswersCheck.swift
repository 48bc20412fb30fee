import Wire

/// Whether each address is answered for by its owner, and by nobody else.
enum AnswersCheck {
    /// What came of the question who has an address.
    struct Answer: Hashable {
        /// The address.
        var address: IPAddress
        /// The node that answers for it, by what the daemon says.
        var owner: String
        /// Who answered; nil where it could not be asked.
        var stations: [MACAddress]?
    }

    /// What was asked, and who is who.
    struct Evidence {
        /// This node's name.
        var node: String
        /// The answers, ascending by address.
        var answers: [Answer]
        /// The other nodes' names, by the Ethernet addresses that they answer from.
        var nodes: [MACAddress: String] = [:]
        /// The addresses that were not asked for, since they are in no network of this node.
        var unasked: [String] = []
    }

    /// nil stands for the lack of a daemon, which alone knows what was given.
    static func findings(_ evidence: Evidence?, naming: DHCPCheck.Naming) -> [Finding] {
        guard let evidence else {
            return [
                .unknown(
                    .answers, "nobody was asked: without the daemon it is not known which addresses are given",
                    advice: "Run lbd doctor again while the daemon runs.")
            ]
        }
        var findings = evidence.answers.flatMap { self.findings($0, evidence, naming) }
        let right = evidence.answers.count { isRight($0, evidence) }
        if right > 0 {
            findings.insert(
                .fine(.answers, "\(right) address\(right == 1 ? " is" : "es are") answered for by the owner alone"),
                at: 0)
        }
        let unsent = evidence.answers.count { $0.stations == nil }
        if unsent > 0 {
            findings.append(
                .unknown(
                    .answers, "\(unsent) address\(unsent == 1 ? "" : "es") could not be asked for",
                    advice: "Run lbd doctor as root."))
        }
        if !evidence.unasked.isEmpty {
            findings.append(
                .unknown(
                    .answers,
                    "not asked for, since this node is not in their network: " + listed(evidence.unasked),
                    advice: "Run lbd doctor on a node in that network."))
        }
        if findings.isEmpty { findings.append(.fine(.answers, "no Service has an address that a node answers for")) }
        return findings
    }

    private static func isRight(_ answer: Answer, _ evidence: Evidence) -> Bool {
        guard let stations = answer.stations else { return false }
        if answer.owner == evidence.node { return stations.isEmpty }
        return stations.count == 1 && evidence.nodes[stations[0]] == answer.owner
    }

    private static func findings(
        _ answer: Answer, _ evidence: Evidence, _ naming: DHCPCheck.Naming
    ) -> [Finding] {
        guard let stations = answer.stations, !isRight(answer, evidence) else { return [] }
        guard !stations.isEmpty else {
            return [
                .error(
                    .answers, "nobody answers for \(answer.address), whose owner is \(answer.owner)",
                    advice:
                        "See lbd doctor on \(answer.owner), and whether a switch or an access point filters ARP or multicast."
                )
            ]
        }
        return stations.filter { evidence.nodes[$0] != answer.owner }.map { station in
            if let node = evidence.nodes[station] {
                return .error(
                    .answers,
                    "\(node) answers for \(answer.address) too, whose owner is \(answer.owner)",
                    advice: "See lbd doctor on \(node): kube-proxy in IPVS mode without strictARP does that, and so do "
                        + "MetalLB's speaker and kube-vip.")
            }
            return .error(
                .answers,
                "\(naming(station)), which is no node, answers for \(answer.address), whose owner is \(answer.owner)",
                advice: "Find that host and give it another address, or take the address out of the pool. Where it is "
                    + "a node all the same, MetalLB's speaker or kube-vip may run on it: stop that.")
        }
    }

    private static func listed(_ items: [String]) -> String {
        items.prefix(8).joined(separator: ", ") + (items.count > 8 ? " and \(items.count - 8) more" : "")
    }
}
