import ARP
import NetLink
import Wire

/// How the nodes hear by ARP and NDP whether each of them can be heard: see `Inspection` for the one that asks, `Reputation` for the
/// one that is asked about.
extension Instance {
    // MARK: The one that asks

    /// Asks for an address of another node's, where that is due.
    mutating func inspect(in turn: inout Turn) {
        guard hasBegun, departure == nil, roster.hasRegistrars(besides: settings.nodeName) else { return }
        inspection.begin(at: turn.now, using: &turn.rng)
        guard let due = inspection.dueAt, due <= turn.now else { return }
        reputation.forget(where: { announcer.current[$0] == nil }, at: turn.now)
        // Who may be cut off hears nobody, and that is not their fault.
        let isAble = ownership.absentUntil == nil && !isolation.isHeldBack
        let subject = isAble ? nextSubject : nil
        inspection.ask(subject, at: turn.now, using: &turn.rng)
        if let subject { turn.emit(.ask(subject.question)) }
    }

    /// What was wanted, else the address after the last one.
    private var nextSubject: Inspection.Subject? {
        if let wanted = inspection.wanted, let subject = subject(wanted) { return subject }
        let inTurn = ownership.registers.entries.keys.filter { subject($0) != nil }
        let after = inspection.last.flatMap { last in inTurn.filter { $0 > last }.min() }
        return (after ?? inTurn.min()).flatMap { subject($0) }
    }

    /// What to ask about `address`; nil where it is not another live node's, or where this node is in another network.
    private func subject(_ address: IPAddress) -> Inspection.Subject? {
        guard let owner = ownership.registers[address]?.owner, owner != settings.nodeName, owner != Register.nobody,
            roster.knowsRegisters(owner), announcer.current[address] == nil,
            isAnswerable(address), !book.occupants(of: address).isEmpty,
            let index = reach.neighbouringInterface(of: address)
        else { return nil }
        return Inspection.Subject(question: ARP.Question(address, on: index), owner: owner)
    }

    /// Takes what has come of a question.
    mutating func inspect(_ report: ARP.Resolver.Report, in turn: inout Turn) {
        guard let (owner, question, finding) = inspection.take(report, at: turn.now),
            ownership.registers[question.address]?.owner == owner, !isolation.isHeldBack
        else { return }
        post(.finding(finding.bytes), to: .member(owner), in: &turn)
        guard finding.stations.isEmpty else { return }
        let isFirst = inspection.misses(of: question.address) == 1
        inspection.repeatSoon(isFirst ? question.address : nil, at: turn.now)
        // Whether it hears anybody at all: any answer shows that.
        findGateways(on: [question.interfaceIndex], in: &turn)
    }

    // MARK: The one that is asked about

    /// Takes what the node `peer` has found.
    mutating func take(_ finding: Finding, from peer: String, in turn: inout Turn) {
        let address = finding.address
        guard let candidates = candidates(for: address), candidates.haveRegisters,
            announcer.current[address] != nil, ownership.registers[address]?.owner == settings.nodeName,
            let since = announcer.since[address], since.duration(to: turn.now) >= Reputation.settling,
            ownership.absentUntil == nil, !isolation.isCutOff
        else { return }
        let peers = candidates.voters.map(\.name).filter { $0 != settings.nodeName }
        switch reputation.take(finding, from: peer, own: reach.hardwareAddresses, peers: peers, at: turn.now) {
        case .nothing:
            break
        case .isDoubted:
            post(.doubted(finding.address), to: .group, in: &turn)
        case .isUnheard(let by):
            let names = by.map { "\"\($0)\"" }.joined(separator: " and ")
            turn.record(
                .warning, .unheard,
                "nobody hears this node answer for \(address), say \(names): another node is to answer for it",
                address: address, node: settings.nodeName)
            ownership.giveUp(address, until: reputation.giveUp(address, at: turn.now))
            announcer.mark([address])
        case .isContested(let station):
            turn.record(
                .warning, .contested, "\(station) answers for \(address) too, says node \"\(peer)\"",
                address: address, node: settings.nodeName)
        }
    }
}
