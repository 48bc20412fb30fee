import ARP
import KubeWatch
import NetLink
import Wire

/// No address is given away that another host uses: see `Vacancies`.
extension Instance {
    /// Has the addresses probed that are given next.
    mutating func probeAhead(in turn: inout Turn) {
        guard leadership.isLeader, configuration.pools != nil, book.vacancies.isDue else { return }
        let ahead = book.nextAddresses(limit: Vacancies.aheadLimit)
        for probe in book.vacancies.next(ahead: ahead) { turn.emit(.probe(probe)) }
    }

    /// This node's networks may have changed.
    mutating func noteNetworks() {
        book.vacancies.networks = settings.probes ? reach.networks : []
    }

    /// Takes what has come of a probe.
    mutating func take(_ report: ARP.Prober.Report, in turn: inout Turn) {
        let address = report.probe.address
        switch report {
        case .free:
            // Who is cut off hears nobody.
            conclude(isolation.isInDoubtOrCutOff ? .unknown : .free, about: address, in: &turn)
        case .failed:
            conclude(.unknown, about: address, in: &turn)
        case .used(_, by: let station):
            let suspect = Acquaintances.Suspect(address: address, station: station)
            let (questions, verdicts) = acquaintances.take(suspect, asking: questionsForNodes)
            for question in questions { turn.emit(.ask(question)) }
            heed(verdicts, in: &turn)
        }
    }

    /// Takes what has come of a question for a node's address.
    mutating func meet(_ report: ARP.Resolver.Report, in turn: inout Turn) {
        heed(acquaintances.take(report), in: &turn)
    }

    /// The questions for the other nodes' own addresses, as far as this node is in their networks.
    private var questionsForNodes: [ARP.Question] {
        let told = presences.filter { $0.key != settings.nodeName }.values.flatMap(\.prefixes).map(\.address)
        let listed = cluster.nodes.filter { $0.key != settings.nodeName }.values.flatMap(\.internalAddresses)
        return Set(told + listed).sorted().compactMap { address in
            guard case .v4(let address) = address, let index = reach.neighbouringInterface(of: .v4(address)) else {
                return nil
            }
            return ARP.Question(address, on: index)
        }
    }

    private mutating func heed(_ verdicts: [Acquaintances.Verdict], in turn: inout Turn) {
        for verdict in verdicts {
            let finding: Vacancies.Finding = verdict.isOurs ? .ours : .used(by: verdict.suspect.station)
            conclude(finding, about: verdict.suspect.address, in: &turn)
        }
    }

    private mutating func conclude(_ finding: Vacancies.Finding, about address: IPAddress, in turn: inout Turn) {
        let old = book.vacancies.user(of: address)
        guard book.vacancies.take(finding, about: address) || finding == .free else { return }
        if let pool = book.pools.pool(holding: address) {
            tell(finding, after: old, about: address, of: pool, in: &turn)
            assignments.waiting.freed(address, of: pool)
        }
    }

    /// Tells that another host uses an address of a pool, or does not any more.
    private mutating func tell(
        _ finding: Vacancies.Finding, after old: MACAddress?, about address: IPAddress, of pool: Pool,
        in turn: inout Turn
    ) {
        switch finding {
        case .used(by: let station) where station != old:
            let text = "\(address) of the pool \"\(pool.name)\" is used by another host, \(station): no Service gets it"
            turn.record(.warning, .addressUsedElsewhere, text, address: address)
            guard let node = cluster.nodes[settings.nodeName] else { return }
            events.append(
                EventRecord(
                    kind: .node, object: node.metadata, level: .warning, reason: "AddressInUse", message: text))
        case .free where old != nil:
            let text = "\(address) of the pool \"\(pool.name)\" is not used by another host any more"
            turn.record(.notice, .addressUsedElsewhere, text, address: address)
        default:
            break
        }
    }
}
