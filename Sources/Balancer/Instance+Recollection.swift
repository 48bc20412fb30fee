import KubeWatch
import Wire

/// What this node does where it has started and the API server is away: see `Recollection`. It takes part in deciding who answers
/// for what the Services had, as far as it was among those that could; it leads nobody and writes nothing.
extension Instance {
    /// Whether this node takes part in deciding who answers for what.
    var takesPart: Bool { hasBegun || recollection.isInForce }

    /// Looks whether memory counts, or does no more.
    mutating func recollect(in turn: inout Turn) {
        let remembered = announcer.saved.remembered
        guard !hasBegun, !remembered.isEmpty, recollection.judge(isSilent: cluster.isSilent, at: turn.now) else {
            return
        }
        guard recollection.isInForce else {
            for address in announcer.current.keys.sorted() where remembered[address] != nil {
                announce(nil, at: address, in: &turn)
            }
            return
        }
        turn.record(
            .warning, .recollecting,
            "the API server has not been heard from since the start: serving what was known last, "
                + "\(remembered.count) address\(remembered.count == 1 ? "" : "es")", node: settings.nodeName)
        ownership.begin(at: turn.now)
        // The others hear first that this node takes part.
        tellGroup(in: &turn)
        elect(in: &turn)
        markAll()
    }

    /// The lists are complete: they decide, about what was known last too.
    mutating func endRecollection(in turn: inout Turn) {
        announcer.mark(announcer.saved.remembered.keys)
        guard recollection.isInForce else { return }
        recollection.end()
        // The Services follow with the lists, as after a restart.
        for (address, announcement) in announcer.current {
            let bare = Announcer.Announcement(interfaces: announcement.interfaces, services: [])
            _ = announcer.set(bare, for: address, at: turn.now)
        }
    }

    /// What was known last of `address`, where that counts.
    func recollected(_ address: IPAddress) -> [ObjectKey]? {
        recollection.isInForce ? announcer.saved.remembered[address] : nil
    }

    /// Keeps who has `address`, if this node could answer for it.
    mutating func remember(
        _ holders: [(key: ObjectKey, reach: Backends.Reach)], at address: IPAddress, in turn: inout Turn
    ) {
        let reach = isAnswerable(address) ? Backends.Reach.shared(by: holders.map(\.reach)) : nil
        let isCandidate = reach?.includes(settings.nodeName) ?? false && problem(ofNode: settings.nodeName) == nil
        announcer.remember(isCandidate ? holders.map(\.key).sorted() : [], at: address, in: &turn)
    }

    /// Whether `address`, which is to be answered for from memory, is no other host's. Where that is not known yet, it is looked for.
    mutating func isVetted(_ address: IPAddress, at now: Instant) -> Bool {
        if recollection.takeOver(address, at: now) || book.vacancies.isFree(address) { return true }
        if book.vacancies.user(of: address) != nil {
            ownership.withdraw(address)
        } else {
            book.vacancies.want(address)
        }
        return false
    }

    /// What people are shown of what is known from before.
    func recollectedOverviews(at now: Instant) -> [Overview.Service] {
        var addresses: [ObjectKey: [IPAddress]] = [:]
        for (address, keys) in announcer.saved.remembered {
            for key in keys { addresses[key, default: []].append(address) }
        }
        return addresses.sorted { $0.key < $1.key }.map { key, addresses in
            let isWithdrawn = addresses.contains(where: ownership.isWithdrawn)
            return Overview.Service(
                namespace: key.namespace, name: key.name,
                addresses: addresses.sorted().map { overview(of: $0, at: now) }, readyEndpoints: 0,
                problem: isWithdrawn ? Self.withdrawnProblem : nil)
        }
    }
}
