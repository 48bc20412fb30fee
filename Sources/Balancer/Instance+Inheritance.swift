import KubeWatch
import Wire

/// How addresses stay answered over a restart.
extension Instance {
    /// Answers for what the daemon before this one answered for a moment ago, until the lists tell who is to. Links count
    /// meanwhile, elections do not.
    mutating func take(_ inheritance: Inheritance, in turn: inout Turn) {
        let age = inheritance.leftAt.duration(to: turn.now)
        guard age >= .zero, age <= Inheritance.limit else { return }
        inheritedRoutes = inheritance.routed
        guard !inheritance.claims.isEmpty else { return }
        for (address, claims) in Dictionary(grouping: inheritance.claims, by: \.address).sorted(by: { $0.key < $1.key })
        {
            // The Services follow with the lists; they have been told of already.
            let interfaces = Set(claims.map(\.interfaceIndex)).sorted()
            let change = announcer.set(
                Announcer.Announcement(interfaces: interfaces, services: []), for: address, at: turn.now)
            for index in change.taken { turn.emit(.take(Claim(address, on: index))) }
            if let epoch = inheritance.epochs[address], epoch > 0, epoch <= Register.maximumEpoch {
                ownership.inherit(address, epoch: epoch)
            }
        }
        let count = announcer.current.count
        turn.record(
            .info, .addressesKept, "answering for \(count) address\(count == 1 ? "" : "es") as before the restart",
            node: settings.nodeName)
    }

    /// Tells the routers what the daemon before this one told them, as the pools have it, until the lists tell what is to be
    /// told.
    mutating func inheritRoutes(in turn: inout Turn) {
        guard !hasBegun, let inheritedRoutes else { return }
        for address in inheritedRoutes.addresses {
            let routes = pool(advertising: address)?.advertisements.compactMap { $0.route(for: address) } ?? []
            let share = routes.isEmpty ? nil : RouteTable.Share(services: [], routes: routes)
            speaker.table.set(share, for: address, at: turn.now)
        }
    }

    /// What this daemon leaves, ending now.
    func inheritance(at now: Instant) -> Inheritance {
        let claims = announcer.current.flatMap { address, announcement in
            announcement.interfaces.map { Claim(address, on: $0) }
        }
        let epochs = announcer.current.keys.compactMap { address in
            ownership.registers[address].map { (address, $0.epoch) }
        }
        return Inheritance(
            claims: claims.sorted(), epochs: Dictionary(uniqueKeysWithValues: epochs), routed: routed, leftAt: now)
    }

    private var routed: Inheritance.Routed? {
        guard hasBegun else { return inheritedRoutes }
        guard !speaker.peerings.isEmpty, let node = cluster.nodes[settings.nodeName] else { return nil }
        return Inheritance.Routed(
            addresses: speaker.table.shares.keys.sorted(), labels: node.labels, nodeAddresses: node.internalAddresses)
    }
}
