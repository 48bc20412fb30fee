import KubeWatch
import Wire

@testable import Balancer

/// The rules that hold always. It looks at the server's objects and at the daemons from outside.
struct Checker {
    /// The first rule that was broken, and how.
    private(set) var violation: String?
    private var duplicateSince: Instant?
    /// The addresses that more than one node answers for, ascending; and for how long two did that hear each other.
    var contested: [IPAddress] = []
    var longestContest = Duration.zero

    mutating func require(_ condition: Bool, _ message: @autoclosure () -> String, at now: Instant) {
        guard !condition, violation == nil else { return }
        violation = "\(message()), at \(Double(now.nanoseconds) / 1e9) s"
    }

    // MARK: Rule 1

    /// Judges a status write that is about to come into effect: it gives nobody what another has, and takes nothing from
    /// a Service that still wants it.
    mutating func checkWrite(_ write: Write, before server: APIServer, isMetalLBAtWork: Bool = false) {
        guard case .serviceStatus(let base, let ingress) = write, violation == nil,
            let service = server.services[base.key],
            service.metadata.resourceVersion == base.resourceVersion
        else { return }
        if isMetalLBAtWork { violation = "\(base.key) is written while MetalLB's controller allocates" }
        let given = ingress.compactMap { IPAddress($0) }
        givenTwice =
            given.compactMap { address in
                rival(of: service, at: address, in: server).map { rival in
                    "\(address) is given to \(base.key) although \(rival) has it"
                }
            }.first
        guard let pools = server.pools?.pools, service.isLoadBalancer else { return }
        let old = Standing(of: service, in: pools).addresses
        guard case .success(let request) = service.wish, !request.isMet(by: old, in: pools) else {
            for lost in old where !given.contains(lost) && rival(of: service, at: lost, in: server) == nil {
                violation = "\(lost) is taken from \(base.key), which has not given it up"
            }
            return
        }
    }

    /// Set where a write gave an address twice; whether that is a violation depends on the scenario.
    private(set) var givenTwice: String? {
        didSet { if let givenTwice, firstDuplicate == nil { firstDuplicate = givenTwice } }
    }
    private(set) var firstDuplicate: String?

    private func rival(of service: Service, at address: IPAddress, in server: APIServer) -> ObjectKey? {
        server.services.filter { key, other in
            key != service.metadata.key && other.ingressAddresses.contains(address)
                && !Sharing(other).isCompatible(with: Sharing(service))
        }.keys.min()
    }

    /// Where writes may come late: no duplicate stays for more than five seconds once there is peace and a leader.
    mutating func checkRepair(of server: APIServer, hasLeader: Bool, at now: Instant) {
        guard hasLeader, let duplicate = duplicate(in: server) else {
            duplicateSince = nil
            return
        }
        let since = duplicateSince ?? now
        duplicateSince = since
        require(since.duration(to: now) <= .seconds(5), "\(duplicate) is not repaired", at: now)
    }

    private func duplicate(in server: APIServer) -> String? {
        for key in server.services.keys.sorted() {
            guard let service = server.services[key] else { continue }
            for address in service.ingressAddresses {
                if let other = rival(of: service, at: address, in: server) {
                    return "\(address) of \(key) and \(other)"
                }
            }
        }
        return nil
    }

    // MARK: Rule 2

    /// Judges what a daemon answers for by the Services that it knows of.
    mutating func checkClaims(of daemon: Daemon, at now: Instant) {
        guard let balancer = daemon.balancer, !daemon.claims.isEmpty, !daemon.isLeaving else { return }
        let services = balancer.cluster.services
        let allocated = Set(services.values.flatMap(\.ingressAddresses))
        for claim in daemon.claims.keys.sorted() {
            require(
                daemon.knowsLinkIsUp ?? true, "\(daemon.name) answers for \(claim.address) on a link that is down",
                at: now)
            // Before it has seen the lists it answers for what the process before it had or knew.
            let isKept = daemon.hasInherited || balancer.announcer.saved.remembered[claim.address] != nil
            require(
                allocated.contains(claim.address) || !balancer.hasBegun && isKept,
                "\(daemon.name) answers for \(claim.address), which no Service has", at: now)
        }
    }

    // MARK: Rule 3

    /// After a long peace: each Service has what it can have, and each address with a ready endpoint is answered for by one
    /// node, unless it `isRouted` and so answered for by none.
    mutating func checkConvergence(of daemons: [Daemon], _ server: APIServer, isRouted: Bool, at now: Instant) {
        guard let pools = server.pools?.pools else { return }
        for (key, service) in server.services.sorted(by: { $0.key < $1.key }) {
            let standing = Standing(of: service, in: pools)
            guard service.isLoadBalancer else {
                require(standing == .vacant, "\(key) is no load balancer and has an address", at: now)
                continue
            }
            guard case .holds(let holdings) = standing else {
                let isTaken = service.loadBalancerIP.flatMap { IPAddress($0) }.map { wish in
                    pools.pool(holding: wish) == nil || rival(of: service, at: wish, in: server) != nil
                }
                require(isTaken ?? false, "\(key) has no address", at: now)
                continue
            }
            guard !isRouted else { continue }
            for address in holdings.addresses { checkOwner(of: address, among: daemons, server, at: now) }
        }
        let leaders = daemons.filter { $0.balancer?.leadership.isLeader ?? false }
        require(leaders.count == 1, "there are \(leaders.count) leaders", at: now)
    }

    private mutating func checkOwner(
        of address: IPAddress, among daemons: [Daemon], _ server: APIServer, at now: Instant
    ) {
        let holders = server.services.values.filter {
            $0.isLoadBalancer && $0.ingressAddresses.contains(address)
        }
        let healthy = Set(daemons.map(\.name))
        let canBeServed = holders.contains { service in
            let endpoints = server.slices[service.metadata.key]?.endpoints ?? []
            return endpoints.contains { $0.isServing && $0.nodeName.map(healthy.contains) ?? false }
        }
        let owners = daemons.filter { $0.claims.keys.contains { $0.address == address } }.map(\.name)
        require(
            owners.count == (canBeServed ? 1 : 0),
            "\(address) is answered for by \(owners), and there is \(canBeServed ? "an" : "no") endpoint", at: now)
    }
}
