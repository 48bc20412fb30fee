import Wire

/// The nodes that can answer for an address.
struct Candidates: Hashable {
    var voters: [Election.Voter]
    /// Whether the registers decide, of which all voters hear; else the order alone does.
    var haveRegisters: Bool

    func include(_ node: String) -> Bool { voters.contains { $0.name == node } }

    /// Whether `node` hears of registers, and tells what it takes.
    func knowRegisters(_ node: String) -> Bool { voters.contains { $0.name == node && $0.knowsRegisters } }

    /// The nodes by the order of `address`. Where the registers decide, those that are preferred come first, and wired ones
    /// before those by radio.
    func order(for address: IPAddress) -> [String] {
        guard voters.count > 1 else { return voters.map(\.name) }
        let order = Election.order(voters.map(\.name), for: address.description)
        guard haveRegisters, let first = voters.first,
            voters.contains(where: { $0.presence.rank != first.presence.rank })
        else { return order }
        let ranks = Dictionary(uniqueKeysWithValues: voters.map { ($0.name, $0.presence.rank) })
        let groups = Dictionary(grouping: order) { ranks[$0] ?? 0 }
        return groups.sorted { $0.key < $1.key }.flatMap(\.value)
    }
}
