import KubeWatch
import Wire

/// What the leader does: it gives each Service its address by writing its status.
extension Instance {
    /// Whether lbd serves `service`.
    func isOurs(_ service: Service) -> Bool {
        service.isLoadBalancer && service.loadBalancerClass == settings.loadBalancerClass
    }

    // MARK: Who allocates

    /// Whether this daemon may hold the leader's Lease.
    var mayLead: Bool {
        switch settings.allocation {
        case .auto: hasBegun && metalLB.isKnown
        case .always: hasBegun
        case .never: false
        }
    }

    /// Whether MetalLB's controller is to keep the allocating.
    var isYielding: Bool { settings.allocation == .auto && metalLB.controller != nil }

    // MARK: What the watch tells

    mutating func take(_ service: Service, in turn: inout Turn) {
        let key = service.metadata.key
        let old = cluster.services[key]
        guard cluster.update(service) else { return }
        let isRelisted = old == service
        serviceCount += (isOurs(service) ? 1 : 0) - (old.map(isOurs) ?? false ? 1 : 0)
        // A newer version settles what was written on the base of an older one: it happened, or cannot happen any more.
        if !isRelisted, assignments.pending[key].map({ $0.base.isOlder(than: service.metadata) }) ?? true {
            settle(key, in: &turn)
        }
        enter(service, old: old)
        if leadership.isLeader, !isRelisted { assignments.queue.append(key) }
        if configuration.blocker == key { considerPools(in: &turn) }
    }

    mutating func removeService(_ key: ObjectKey, in turn: inout Turn) {
        guard let old = cluster.removeService(key) else { return }
        serviceCount -= isOurs(old) ? 1 : 0
        announcer.mark(old.ingressAddresses)
        let freed = book.remove(key)
        assignments.pending[key] = nil
        assignments.forget(key)
        giveUp(freed)
        if !freed.isEmpty, leadership.isLeader {
            let text = freed.map(\.description).joined(separator: ", ")
            turn.record(.info, .addressFreed, "\(text) is free: \"\(key)\" was deleted", service: key)
        }
        if configuration.blocker == key { considerPools(in: &turn) }
    }

    /// Writes into the book what `service` holds, and has the other Services there looked at.
    private mutating func enter(_ service: Service, old: Service?) {
        let key = service.metadata.key
        let addresses = service.ingressAddresses
        announcer.mark(old?.ingressAddresses ?? [])
        announcer.mark(addresses)
        giveUp(book.update(key, held: addresses, sharing: Sharing(service), revision: service.metadata.revision))
        guard leadership.isLeader else { return }
        for address in addresses where book.rival(of: key, at: address, sharing: Sharing(service)) != nil {
            for other in book.occupants(of: address).sorted() { assignments.queue.append(other) }
        }
    }

    /// Notes that Services gave up `addresses`, so that those that wait for them are tried again.
    private mutating func giveUp(_ addresses: [IPAddress]) {
        for address in addresses {
            announcer.mark(address)
            if let pool = book.pools.pool(holding: address) { assignments.waiting.freed(address, of: pool) }
        }
    }

    // MARK: The list of a new leader

    mutating func relisted(_ sent: Outbox.Sent, _ outcome: Outcome, in turn: inout Turn) {
        guard outcome.isDone else {
            relistPause = turn.now.advanced(by: turn.rng.jittered(.seconds(1), by: 0.2))
            return
        }
        for key in assignments.settled(byListSentAt: sent.sentAt) { settle(key, in: &turn) }
        if leadership.listed(sentAt: sent.sentAt) { queueAllServices() }
        assignments.planList(notBefore: turn.now.advanced(by: .seconds(1)))
    }

    mutating func queueAllServices() {
        let keys = cluster.services.keys.sorted()
        // Those that have an address first, so that a duplicate is repaired before anything new is given away.
        for key in keys where book.entries[key] != nil { assignments.queue.append(key) }
        for key in keys { assignments.queue.append(key) }
    }

    // MARK: Deciding

    /// Decides about Services while writes may leave.
    mutating func assign(in turn: inout Turn) {
        guard leadership.isLeader, configuration.pools != nil else { return }
        if succession.takeReview(at: turn.now) { queueAllServices() }
        while outbox.statusCount < Outbox.statusLimit, let key = assignments.next(at: turn.now) {
            decide(key, in: &turn)
        }
    }

    private mutating func decide(_ key: ObjectKey, in turn: inout Turn) {
        guard let service = cluster.services[key], assignments.pending[key] == nil, !service.isBeingDeleted else {
            return
        }
        assignments.waiting.remove(key)
        guard isOurs(service) else {
            assignments.forget(key)
            if !service.isLoadBalancer,
                service.ingressAddresses.contains(where: book.pools.isOurs)
            {
                write([], to: service, in: &turn)
            }
            return
        }
        if let dispute = assignments.disputes[key], dispute.wish != service.wish { assignments.disputes[key] = nil }
        switch Standing(of: service, in: configuration.pools) {
        case .vacant: give(service, in: &turn)
        case .holds(let holdings): keep(holdings, of: service, in: &turn)
        case .foreign: replaceForeign(service, in: &turn)
        }
    }

    /// Gives `service` its addresses; what it has it keeps until it can get what it asks for.
    private mutating func give(_ service: Service, in turn: inout Turn) {
        let key = service.metadata.key
        guard case .success(let request) = service.wish else { return fail(service, in: &turn) }
        do throws(AllocationFailure) {
            let addresses = try choose(for: request, of: service)
            assignments.waiting.succeeded(WaitingList.Group(request))
            give(addresses, to: service, for: request, in: &turn)
        } catch {
            assignments.waiting.insert(key, waitingFor: WaitingList.Group(request))
            guard error == .unproven else { return report(error, of: service, in: &turn) }
            for address in request.addresses { book.vacancies.want(address) }
            book.vacancies.isStale = true
        }
    }

    private mutating func give(
        _ addresses: [IPAddress], to service: Service, for request: Request, in turn: inout Turn
    ) {
        book.reserve(addresses, for: service.metadata.key, sharing: request.sharing)
        let holdings = Standing(of: service, in: book.pools).holdings
        let remnants = remnants(of: holdings, beside: addresses, for: request, at: turn.now)
        // Who moves has kept its address of the other family.
        let isMove = !holdings.former.isEmpty || !holdings.gone.isEmpty
        let news = isMove ? addresses.filter { !holdings.current.contains($0) } : addresses
        write(addresses + remnants, news: news, to: service, in: &turn)
    }

    /// What was chosen before, if the write's outcome is not known; what is among other things in the status; what follows an
    /// address of a former network; else the allocator's choice.
    private mutating func choose(for request: Request, of service: Service) throws(AllocationFailure) -> [IPAddress] {
        let key = service.metadata.key
        let holdings = Standing(of: service, in: book.pools).holdings
        let old = (book.entries[key]?.reserved ?? []) + holdings.current + service.ingressAddresses
        var kept: [IPAddress] = []
        for family in request.families {
            var address = old.first { address in
                address.family == family && request.allows(address, in: book.pools)
                    && book.rival(of: key, at: address, sharing: request.sharing) == nil
                    && kept.allSatisfy { book.pools.pool(holding: $0)?.contains(address) ?? false }
            }
            if address == nil, family == .ipv6 { address = try heir(for: request, of: service, beside: kept) }
            if let address { kept.append(address) }
        }
        return try book.choose(for: request, keeping: kept, of: key)
    }

    private mutating func keep(_ holdings: Holdings, of service: Service, in turn: inout Turn) {
        let key = service.metadata.key
        let addresses = holdings.current
        for address in addresses {
            guard let elder = book.elder(of: key, at: address) else { continue }
            return repair(service, address, of: addresses, elder: elder, in: &turn)
        }
        guard case .success(let request) = service.wish else { return fail(service, in: &turn) }
        review(holdings.gone, at: turn.now)
        let isWaiting = isWaiting(holdings, for: request, at: turn.now)
        let isSettled = isWaiting || request.isMet(by: addresses, in: book.pools)
        let remnants = remnants(of: holdings, beside: addresses, for: request, at: turn.now)
        let hasLeftovers = remnants.count < holdings.former.count + holdings.gone.count
        // Who asks for an address of a network that is gone has nowhere to move.
        guard isSettled || hasLeftovers && request.addresses.contains(where: holdings.gone.contains) else {
            return give(service, in: &turn)
        }
        if isSettled { assignments.failures[key] = nil }
        let isIncomplete = isSettled && !isWaiting && addresses.count < request.families.count
        if isIncomplete, complete(addresses, of: service, for: request, in: &turn) { return }
        if hasLeftovers { write(addresses + remnants, news: [], to: service, in: &turn) }
    }

    /// `service` has enough with `addresses`, and would like one of the other family too. Returns whether it gets one, or may once
    /// that is known to be free.
    private mutating func complete(
        _ addresses: [IPAddress], of service: Service, for request: Request, in turn: inout Turn
    ) -> Bool {
        var isOpen = false
        do throws(AllocationFailure) {
            let hasSixth = addresses.contains { $0.family == .ipv6 }
            let heir = hasSixth ? nil : try heir(for: request, of: service, beside: addresses)
            let kept = addresses + [heir].compactMap { $0 }
            let both = try book.choose(for: request, keeping: kept, of: service.metadata.key)
            if both.count > addresses.count {
                assignments.waiting.succeeded(WaitingList.Group(request))
                give(both, to: service, for: request, in: &turn)
                return true
            }
        } catch {
            isOpen = error == .unproven
        }
        assignments.waiting.insert(service.metadata.key, waitingFor: WaitingList.Group(request))
        return isOpen
    }

    /// Two Services have one address and may not share it: the younger record yields, and goes without if need be.
    private mutating func repair(
        _ service: Service, _ address: IPAddress, of held: [IPAddress], elder: ObjectKey, in turn: inout Turn
    ) {
        let key = service.metadata.key
        let message = "\(address) belongs to \"\(elder)\", which had it first: \"\(key)\" gets another address"
        if assignments.failures.updateValue(message, forKey: key) != message {
            turn.record(.warning, .duplicateRepaired, message, service: key, address: address)
            tell(service, .warning, "DuplicateAddress", message)
        }
        guard case .success(let request) = service.wish else { return write([], to: service, in: &turn) }
        let kept = held.filter { $0 != address && request.allows($0, in: book.pools) }
        guard
            let others = (try? book.choose(for: request, keeping: kept, of: key))
                ?? (try? book.choose(for: request, of: key))
        else { return write([], to: service, in: &turn) }
        give(others, to: service, for: request, in: &turn)
    }

    /// The status is none that we wrote with these pools. It is replaced once; if it comes back, its writer will not
    /// yield, so we do.
    private mutating func replaceForeign(_ service: Service, in turn: inout Turn) {
        let key = service.metadata.key
        switch assignments.disputes[key] {
        case nil:
            give(service, in: &turn)
        case .replaced(let wish):
            assignments.disputes[key] = .leftAlone(wish)
            let message = foreignMessage(service)
            turn.record(.warning, .foreignStatus, message, service: key)
            tell(service, .warning, "ForeignStatus", message)
        case .leftAlone:
            break
        }
    }

    private func foreignMessage(_ service: Service) -> String {
        let addresses = service.ingressAddresses
        let ofNodes = Set(membership.alive.values.flatMap { $0.prefixes.map(\.address) })
        let written = service.ingress.map { entry in
            switch entry {
            case .ip(let text), .hostname(let text): text
            }
        }.joined(separator: ", ")
        let culprit =
            addresses.contains(where: ofNodes.contains)
            ? "these are nodes' own addresses, as k3s ServiceLB writes them. Switch it off (`disable: [servicelb]` in "
                + "/etc/rancher/k3s/config.yaml of each server, then restart k3s)"
            : "another load balancer controller runs here (k3s ServiceLB, MetalLB, a cloud's). Stop it"
        return
            "another controller puts \(written) back into the status of \"\(service.metadata.key)\": \(culprit), or keep "
            + "the two apart by a spec.loadBalancerClass that lbd.yaml names as kubernetes.loadBalancerClass. lbd leaves this "
            + "Service alone until it asks for something else; once the other controller is gone, restart lbd on node "
            + "\"\(settings.nodeName)\""
    }

    // MARK: Telling

    /// The wish of `service` cannot be read.
    private mutating func fail(_ service: Service, in turn: inout Turn) {
        guard case .failure(let error) = service.wish else { return }
        report(.invalid(error), of: service, in: &turn)
    }

    private mutating func report(_ failure: AllocationFailure, of service: Service, in turn: inout Turn) {
        let key = service.metadata.key
        let message = "Failed to allocate IP for \"\(key)\": \(failure)"
        guard assignments.failures.updateValue(message, forKey: key) != message else { return }
        turn.record(.warning, .allocationFailed, message, service: key)
        tell(service, .warning, "AllocationFailed", message)
    }

    /// Queues a Kubernetes Event about `service`.
    mutating func tell(_ service: Service, _ level: EventRecord.Level, _ reason: String, _ message: String) {
        events.append(
            EventRecord(kind: .service, object: service.metadata, level: level, reason: reason, message: message))
    }

    // MARK: Writing

    /// `news` are those of `addresses` that people are told of; all where nil.
    private mutating func write(
        _ addresses: [IPAddress], news: [IPAddress]? = nil, to service: Service, in turn: inout Turn
    ) {
        let key = service.metadata.key
        let isForeign = isOurs(service) && Standing(of: service, in: configuration.pools) == .foreign
        assignments.pending[key] = Assignments.Pending(
            base: service.metadata, addresses: addresses, news: news ?? addresses,
            replacesForeign: isForeign)
        let ingress = addresses.map(\.description)
        outbox.send(.serviceStatus(service.metadata, ingress: ingress), for: .status(key), in: &turn)
    }

    mutating func statusWritten(
        _ key: ObjectKey, base: ObjectMeta, ingress: [String], _ outcome: Outcome, in turn: inout Turn
    ) {
        // A newer version of the Service may have settled the write already, and another may have been sent since.
        guard let pending = assignments.pending[key], pending.base == base else { return }
        switch outcome {
        case .done(let metadata?):
            accept(ingress, metadata, of: key, base: base)
            assignments.succeeded()
            settle(key, in: &turn)
        case .done(nil), .unanswered:
            // Counted from now: the Shell may have been stopped for a while before the write left.
            guard !faults.contains(.forgetsReservations) else { return retract(key) }
            let until = turn.now.advanced(by: leadership.timing.requestTimeout)
            assignments.wait(for: key, .unanswered(until: until))
        case .conflict:
            giveUp(book.endReservation(of: key))
            assignments.wait(for: key, .outdated(since: turn.now))
        case .busy(let after):
            // The reservation stays: a server that answers 5xx may have written all the same.
            assignments.pending[key] = nil
            assignments.pause(for: after, in: &turn)
            assignments.queue.append(key)
        case .forbidden:
            retract(key)
            assignments.pause(for: nil, in: &turn)
            assignments.queue.append(key)
        case .rejected, .notFound:
            retract(key)
            assignments.putOff(key, in: &turn)
        }
    }

    /// Ends a write that did not happen.
    private mutating func retract(_ key: ObjectKey) {
        assignments.pending[key] = nil
        giveUp(book.endReservation(of: key))
    }

    /// Takes over what a write made of the Service `key`, unless the watch has shown that already.
    private mutating func accept(_ ingress: [String], _ metadata: ObjectMeta, of key: ObjectKey, base: ObjectMeta) {
        guard let old = cluster.services[key], old.metadata.resourceVersion == base.resourceVersion else { return }
        var new = old
        new.metadata = metadata
        new.ingress = ingress.map { .ip($0) }
        guard cluster.update(new) else { return }
        enter(new, old: old)
    }

    /// It is known what became of the last write to the Service `key`: the version at hand tells.
    private mutating func settle(_ key: ObjectKey, in turn: inout Turn) {
        let pending = assignments.pending.removeValue(forKey: key)
        giveUp(book.endReservation(of: key))
        guard let service = cluster.services[key] else { return }
        if leadership.isLeader { assignments.queue.append(key) }
        guard let pending, !pending.addresses.isEmpty,
            service.ingress == pending.addresses.map({ .ip($0.description) })
        else { return }
        assignments.failures[key] = nil
        if pending.replacesForeign { assignments.disputes[key] = .replaced(service.wish) }
        guard !pending.news.isEmpty else { return }
        for address in pending.news {
            turn.record(
                .info, .addressAllocated, "\"\(key)\" has the address \(address)", service: key, address: address)
        }
        let words = pending.news.map { "\"\($0)\"" }.joined(separator: ", ")
        tell(service, .normal, "IPAllocated", "Assigned IP \(words)")
    }
}
