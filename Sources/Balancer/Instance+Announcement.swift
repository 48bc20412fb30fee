import KubeWatch
import Wire

/// What every node does: it answers for the addresses that it is elected for.
extension Instance {
    /// Has the addresses of the Service `key` looked at.
    mutating func markAddresses(of key: ObjectKey) {
        guard let service = cluster.services[key] else { return }
        announcer.mark(service.ingressAddresses)
    }

    /// Takes and releases what has changed.
    mutating func announce(in turn: inout Turn) {
        for address in announcer.takeDirty() {
            let isJudged = departure == nil && (hasBegun || recollected(address) != nil)
            let new = isJudged ? announcement(of: address, in: &turn) : remainder(of: address)
            announce(new, at: address, in: &turn)
            advertise(address, in: &turn)
        }
        if hasBegun, configuration.pools != nil { announcer.dropOthers(in: &turn) }
    }

    /// What this node is to answer for `address` with; nil for nothing.
    private mutating func announcement(of address: IPAddress, in turn: inout Turn) -> Announcer.Announcement? {
        let holders = holders(of: address)
        if hasBegun { remember(holders, at: address, in: &turn) }
        let interfaces = reach.interfaces(for: address)
        guard var candidates = candidates(for: address, heldBy: holders) else {
            ownership.drop(address, isFree: cluster.isListed(.service) && book.occupants(of: address).isEmpty)
            return nil
        }
        if interfaces.isEmpty { candidates.voters.removeAll { $0.name == settings.nodeName } }
        let isAnswering = announcer.current[address] != nil && !interfaces.isEmpty
        let isCurrent = cluster.isLive(.service)
        guard
            ownership.decide(
                address, among: candidates, isAnswering: isAnswering, isCurrent: isCurrent, at: turn.now)
        else {
            let isOthers = ownership.registers[address].map { candidates.include($0.owner) } ?? false
            if recollection.isInForce { recollection.note(address, isOthers: isOthers, at: turn.now) }
            return nil
        }
        guard hasBegun || isAnswering || isVetted(address, at: turn.now) else { return nil }
        return Announcer.Announcement(interfaces: interfaces, services: holders.map(\.key).sorted())
    }

    /// The Services that have `address` and endpoints to serve it, in no order, and the nodes that may pass traffic on.
    func holders(of address: IPAddress) -> [(key: ObjectKey, reach: Backends.Reach)] {
        if let recollected = recollected(address) { return recollected.map { ($0, .everywhere) } }
        return book.occupants(of: address).compactMap { key in
            guard let service = cluster.services[key], isOurs(service),
                Standing(of: service, in: configuration.pools).addresses.contains(address),
                let reach = cluster.backends(of: key).reach(of: service)
            else { return nil }
            return (key, reach)
        }
    }

    /// Whether this node's network may be answered for addresses of this kind: by ARP or NDP.
    func isAnswerable(_ address: IPAddress) -> Bool {
        configuration.pools?.pool(holding: address)?.announcementProtocol == .layer2
    }

    /// The nodes that can answer for `address`; nil where no Service needs it.
    private func candidates(
        for address: IPAddress, heldBy holders: [(key: ObjectKey, reach: Backends.Reach)]
    ) -> Candidates? {
        guard isAnswerable(address) else { return nil }
        return Backends.Reach.shared(by: holders.map(\.reach)).map { election.candidates(for: address, servedBy: $0) }
    }

    /// The nodes that can answer for `address`; nil where no Service needs it.
    func candidates(for address: IPAddress) -> Candidates? { candidates(for: address, heldBy: holders(of: address)) }

    /// The node that answers for `address`; nil where none can.
    func owner(of address: IPAddress) -> String? {
        candidates(for: address).flatMap { ownership.owner(of: address, among: $0) }
    }

    /// What is left to answer with while this node leaves, or does not take part yet: elections do not count, links do, and
    /// what others have taken.
    private func remainder(of address: IPAddress) -> Announcer.Announcement? {
        guard !ownership.isLost(address) else { return nil }
        guard hasLinks, var current = announcer.current[address] else { return announcer.current[address] }
        let usable = reach.interfaces(for: address)
        current.interfaces = current.interfaces.filter(usable.contains)
        return current.interfaces.isEmpty ? nil : current
    }

    mutating func announce(_ new: Announcer.Announcement?, at address: IPAddress, in turn: inout Turn) {
        let old = announcer.current[address]
        guard new != old else { return }
        let change = announcer.set(new, for: address, at: turn.now)
        // At no other time: what waits may have been asked long ago, of a process that was stopped.
        if departure != nil, !change.released.isEmpty { turn.emit(.answerWaiting) }
        for index in change.released { turn.emit(.release(Claim(address, on: index))) }
        for index in change.taken { turn.emit(.take(Claim(address, on: index))) }
        let (before, after) = (old?.services ?? [], new?.services ?? [])
        if old == nil || new == nil || !change.taken.isEmpty {
            record(address, new, services: new?.services ?? before, in: &turn)
        }
        for key in before where !after.contains(key) { announcer.end(key, at: address, in: &turn) }
        for key in after where !before.contains(key) {
            guard let service = cluster.services[key],
                announcer.begin(key, uid: service.metadata.uid, at: address, in: &turn)
            else { continue }
            tell(service, .normal, "nodeAssigned", "announcing from node \"\(settings.nodeName)\"")
        }
    }

    private func record(
        _ address: IPAddress, _ announcement: Announcer.Announcement?, services: [ObjectKey], in turn: inout Turn
    ) {
        // What was taken over from the daemon before may have no Service any more.
        let whose = services.isEmpty ? "" : " of " + services.map { "\"\($0)\"" }.joined(separator: ", ")
        let interfaces = (announcement?.interfaces ?? []).compactMap { reach.name(of: $0) }.joined(separator: ", ")
        if announcement == nil {
            turn.record(
                .info, .addressReleased, "no longer answering for \(address)\(whose)", service: services.first,
                address: address, node: settings.nodeName)
        } else {
            turn.record(
                .info, .addressTaken, "answering for \(address)\(whose) on \(interfaces)", service: services.first,
                address: address, node: settings.nodeName, interface: interfaces)
        }
    }

    /// Falls silent on all addresses.
    mutating func releaseAll(in turn: inout Turn) {
        for address in announcer.current.keys.sorted() { announce(nil, at: address, in: &turn) }
    }
}

extension Backends.Reach {
    /// The nodes that may pass on traffic for an address that Services with these reaches share: those that all can use;
    /// where there is none, those that any can. nil where there are no such Services.
    static func shared(by reaches: [Backends.Reach]) -> Backends.Reach? {
        guard var common = reaches.first else { return nil }
        for reach in reaches.dropFirst() { common = common.intersection(reach) }
        guard case .only(let nodes) = common, nodes.isEmpty else { return common }
        return .only(
            reaches.reduce(into: []) { all, reach in
                if case .only(let nodes) = reach { all.formUnion(nodes) }
            })
    }
}
