import ARP
import KubeWatch
import NetLink
import Wire

/// No address is given away that another host uses: see `Vacancies`.
extension Instance {
    /// Whether this node is one to find out who uses addresses: it gives them away, or is about to answer for them from memory.
    var looksForVacancies: Bool { leadership.isLeader || recollection.isInForce }

    /// Has the addresses probed that are given next.
    mutating func probeAhead(in turn: inout Turn) {
        guard looksForVacancies, configuration.pools != nil, book.vacancies.isDue else { return }
        let ahead = leadership.isLeader ? book.nextAddresses(limit: Vacancies.aheadLimit) : []
        for probe in book.vacancies.next(ahead: ahead) { turn.emit(.probe(probe)) }
    }

    /// Has everybody told of who says that he has an address of the pools, where that matters to this node: no socket is opened for
    /// nothing, since the kernel takes its time to close one, and a restart waits for that.
    mutating func watch(in turn: inout Turn) {
        var interfaces = settings.probes ? Set(announcer.countByInterface.keys) : []
        if leadership.isLeader {
            for network in book.vacancies.networks where book.pools.isTouched(by: network.prefix) {
                interfaces.insert(network.interfaceIndex)
            }
        }
        guard interfaces != Set(lastWatched) else { return }
        lastWatched = interfaces.sorted()
        turn.emit(.watch(on: lastWatched))
    }

    /// This node's networks may have changed.
    mutating func noteNetworks() {
        book.vacancies.networks = settings.probes ? reach.networks : []
    }

    /// Takes what has come of a probe.
    mutating func take(_ report: ARP.Prober.Report, in turn: inout Turn) {
        let address = report.probe.address
        if case .seen = report {} else { book.vacancies.end(address) }
        if case .free = report, ownership.isWithdrawn(address), !isolation.isInDoubtOrCutOff {
            restore(address, in: &turn)
        }
        switch report {
        case .free:
            // Who is cut off hears nobody.
            conclude(isolation.isInDoubtOrCutOff ? .unknown : .free, about: address, in: &turn)
        case .failed:
            conclude(.unknown, about: address, in: &turn)
        case .used(_, by: let station):
            suspect(station, of: address, in: &turn)
        case .seen(_, by: let station):
            // Whoever answers for the address of a Service is its business.
            let isFree = leadership.isLeader && book.occupants(of: address).isEmpty
            if isFree || announcer.current[address] != nil { suspect(station, of: address, in: &turn) }
        }
    }

    private mutating func suspect(_ station: MACAddress, of address: IPAddress, in turn: inout Turn) {
        let suspect = Acquaintances.Suspect(address: address, station: station)
        let (questions, verdicts) = acquaintances.take(suspect, asking: questionsForNodes, at: turn.now)
        for question in questions { turn.emit(.ask(question)) }
        heed(verdicts, in: &turn)
    }

    /// Takes what has come of a question for a node's address.
    mutating func meet(_ report: ARP.Resolver.Report, in turn: inout Turn) {
        heed(acquaintances.take(report, at: turn.now), in: &turn)
    }

    /// The questions for the other nodes' own addresses, as far as this node is in their networks.
    private var questionsForNodes: [ARP.Question] {
        let told = presences.filter { $0.key != settings.nodeName }.values.flatMap(\.prefixes).map(\.address)
        let listed = cluster.nodes.filter { $0.key != settings.nodeName }.values.flatMap(\.internalAddresses)
        return Set(told + listed).sorted().compactMap { address in
            reach.neighbouringInterface(of: address).map { ARP.Question(address, on: $0) }
        }
    }

    private mutating func heed(_ verdicts: [Acquaintances.Verdict], in turn: inout Turn) {
        for verdict in verdicts {
            let (address, station) = (verdict.suspect.address, verdict.suspect.station)
            if announcer.current[address] == nil, book.occupants(of: address).isEmpty {
                conclude(verdict.isOurs ? .ours : .used(by: station), about: address, in: &turn)
            } else if !verdict.isOurs {
                defend(address, against: station, in: &turn)
            }
        }
    }

    /// Another host says that he has an address which this node answers for: it stays here (RFC 5227 section 2.4 (c)), since
    /// clients use it; unless the settings have it withdrawn once that was in vain (section 2.4 (b)).
    private mutating func defend(_ address: IPAddress, against station: MACAddress, in turn: inout Turn) {
        guard let announcement = announcer.current[address] else { return }
        if reputation.contest(address, by: station, at: turn.now) {
            let names = announcement.services.map { "\"\($0)\"" }.joined(separator: ", ")
            let host = acquaintances.describe(station)
            let text = "\(address) of \(names) is also used by another host, \(host): change one of the two"
            turn.record(.warning, .contested, text, service: announcement.services.first, address: address)
            for service in announcement.services.compactMap({ cluster.services[$0] }) {
                tell(service, .warning, "AddressConflict", text)
            }
        }
        guard reputation.mayDefend(address, at: turn.now) else {
            if settings.withdraws { withdraw(address, from: announcement, for: station, in: &turn) }
            return
        }
        for index in announcement.interfaces { turn.emit(.defend(Claim(address, on: index))) }
    }

    private mutating func withdraw(
        _ address: IPAddress, from announcement: Announcer.Announcement, for station: MACAddress, in turn: inout Turn
    ) {
        guard candidates(for: address)?.haveRegisters == true else { return }
        let names = announcement.services.map { "\"\($0)\"" }.joined(separator: ", ")
        let host = acquaintances.describe(station)
        let text = "\(address) of \(names) is answered for by no node until another host, \(host), has given it up"
        turn.record(.warning, .contested, text, service: announcement.services.first, address: address)
        for service in announcement.services.compactMap({ cluster.services[$0] }) {
            tell(service, .warning, "AddressConflict", text)
        }
        ownership.withdraw(address)
        announcer.mark([address])
    }

    private mutating func restore(_ address: IPAddress, in turn: inout Turn) {
        turn.record(
            .notice, .contested, "\(address) is not used by another host any more: it is answered for again",
            address: address)
        ownership.restore(address)
        announcer.mark([address])
    }

    /// Looks for the addresses that were withdrawn, where that is due.
    mutating func lookForWithdrawn(in turn: inout Turn) {
        for address in ownership.takeLooks() {
            guard let index = reach.neighbouringInterface(of: address) else { continue }
            turn.emit(.probe(ARP.Probe(address, on: index)))
        }
    }

    private mutating func conclude(_ finding: Vacancies.Finding, about address: IPAddress, in turn: inout Turn) {
        let old = book.vacancies.user(of: address)
        if recollection.isInForce { announcer.mark([address]) }
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
            let host = acquaintances.describe(station)
            let consequence = recollected(address) == nil ? "no Service gets it" : "no node answers for it"
            let text = "\(address) of the pool \"\(pool.name)\" is used by another host, \(host): \(consequence)"
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

extension Pools {
    /// Whether addresses that are looked for are in the network `prefix`.
    fileprivate func isTouched(by prefix: Prefix) -> Bool {
        pools.contains { pool in pool.isProbed && pool.allRanges.contains { prefix.touches($0) } }
    }
}
