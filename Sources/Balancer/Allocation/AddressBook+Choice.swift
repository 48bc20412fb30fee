import KubeWatch
import Wire

/// Why a Service gets no address.
enum AllocationFailure: Error, Hashable, CustomStringConvertible {
    case invalid(RequestError)
    case inNoPool(IPAddress)
    case notInPool(IPAddress, String)
    case otherNetwork(IPAddress, HostRange)
    case inUse(IPAddress, by: ObjectKey)
    case barred(IPAddress, Obstacle)
    case usedElsewhere(IPAddress, by: MACAddress)
    case unproven
    case unknownPool(String)
    case noPool([AddressFamily])
    case noNetwork(String, HostRange)
    case exhausted(String?, [AddressFamily])

    /// What is wrong, and what would help.
    var description: String {
        switch self {
        case .invalid(let error):
            error.description
        case .inNoPool(let address):
            "\(address) is in no pool"
        case .notInPool(let address, let pool):
            "\(address) is not in the pool \"\(pool)\""
        case .otherNetwork(let address, let hosts):
            hosts.network.map { "\(address) is not in \($0), the network that \(hosts.interface) has now" }
                ?? "\(address) is in no network that \(hosts.interface) has now"
        case .inUse(let address, let owner):
            "\(address) is in use by \"\(owner)\""
        case .barred(let address, let obstacle):
            "\(address) is \(obstacle)"
        case .usedElsewhere(let address, by: let station):
            "\(address) is used by another host, \(station)"
        case .unproven:
            "it is being found out whether another host uses the address, which takes some seconds"
        case .unknownPool(let pool):
            "there is no pool \"\(pool)\""
        case .noPool(let families):
            "no pool with auto-assign has \(families.words) addresses"
        case .noNetwork(let pool, let hosts):
            "the pool \"\(pool)\" follows the global IPv6 prefix of \(hosts.interface), and the node that leads has none "
                + "there now: see whether the router advertises one"
        case .exhausted(let pool?, let families):
            "no free \(families.words) address in the pool \"\(pool)\""
        case .exhausted(nil, let families):
            "no free \(families.words) address in any pool with auto-assign"
        }
    }
}

extension [AddressFamily] {
    /// As people are told it; two are wanted together, from one pool.
    fileprivate var words: String { map(\.rawValue).joined(separator: " and ") }
}

extension AddressBook {
    /// The addresses that `request` of the Service `key` gets, in the order of its families, beside those of `kept`, which it
    /// has and which all are of one pool: those that it asks for; else the first of the pool that it asks for, or has
    /// something of; else the first of the pools with auto-assign, in order of the configuration. All of one pool.
    mutating func choose(
        for request: Request, keeping kept: [IPAddress] = [], of key: ObjectKey
    ) throws(AllocationFailure) -> [IPAddress] {
        for address in request.addresses where !kept.contains(address) { try check(address, for: request, of: key) }
        let given = kept + request.addresses.filter { asked in !kept.contains { $0.family == asked.family } }
        if let first = given.first, let index = pools.pools.firstIndex(where: { $0.contains(first) }) {
            if let stray = given.first(where: { !pools.pools[index].contains($0) }) {
                throw .notInPool(stray, pools.pools[index].name)
            }
            return try choose(inPoolAt: index, for: request, beside: given, of: key)
        }
        if let name = request.pool {
            guard let index = pools.pools.firstIndex(where: { $0.name == name }) else { throw .unknownPool(name) }
            return try choose(inPoolAt: index, for: request, beside: [], of: key)
        }
        return try chooseAnywhere(for: request, of: key)
    }

    private mutating func chooseAnywhere(
        for request: Request, of key: ObjectKey
    ) throws(AllocationFailure) -> [IPAddress] {
        var hasFamilies = false
        var half: [IPAddress]?
        var networkless: AllocationFailure?
        for (index, pool) in pools.pools.enumerated() where pool.isAutoAssigned {
            hasFamilies =
                hasFamilies || request.families.allSatisfy { family in pool.ranges.contains { $0.family == family } }
            let found: [IPAddress]
            do throws(AllocationFailure) {
                found = try choose(inPoolAt: index, for: request, beside: [], of: key)
            } catch .unproven {
                throw .unproven
            } catch {
                if case .noNetwork = error { networkless = networkless ?? error }
                continue
            }
            if found.count == request.families.count { return found }
            // Of what will do, that of the primary family, and the first.
            if half?.first?.family != request.families.first,
                half == nil || found.first?.family == request.families.first
            {
                half = found
            }
        }
        if let half { return half }
        if let networkless { throw networkless }
        throw hasFamilies ? .exhausted(nil, request.families) : .noPool(request.families)
    }

    /// Of each family of `request` that `given` lacks the first address of this pool.
    private mutating func choose(
        inPoolAt index: Int, for request: Request, beside given: [IPAddress], of key: ObjectKey
    ) throws(AllocationFailure) -> [IPAddress] {
        var lacking: [AddressFamily] = []
        var found: [IPAddress] = []
        for family in request.families {
            if let address = given.first(where: { $0.family == family }) {
                found.append(address)
            } else if let address = try first(inPoolAt: index, of: family, for: request, of: key) {
                found.append(address)
            } else {
                lacking.append(family)
            }
        }
        guard lacking.isEmpty || request.isSecondOptional && !found.isEmpty else {
            let pool = pools.pools[index]
            if lacking.contains(.ipv6), let hosts = pool.hosts.first(where: { $0.network == nil }) {
                throw .noNetwork(pool.name, hosts)
            }
            throw .exhausted(pool.name, lacking)
        }
        return found
    }

    /// Whether the Service `key` may have `address`, which it asks for.
    func check(_ address: IPAddress, for request: Request, of key: ObjectKey) throws(AllocationFailure) {
        if let hosts = pools.formerHosts(of: address) { throw .otherNetwork(address, hosts) }
        guard let pool = pools.pool(holding: address) else { throw .inNoPool(address) }
        if let name = request.pool, name != pool.name { throw .notInPool(address, name) }
        if let obstacle = obstacles[address] { throw .barred(address, obstacle) }
        if let owner = rival(of: key, at: address, sharing: request.sharing) { throw .inUse(address, by: owner) }
        guard pool.isProbed, occupants(of: address).isEmpty, !vacancies.isFree(address) else { return }
        if let station = vacancies.user(of: address) { throw .usedElsewhere(address, by: station) }
        throw .unproven
    }

    /// The first address of a pool that is free or can be shared.
    private mutating func first(
        inPoolAt index: Int, of family: AddressFamily, for request: Request, of key: ObjectKey
    ) throws(AllocationFailure) -> IPAddress? {
        let pool = pools.pools[index]
        let place = { (address: IPAddress) -> (Int, UInt128) in
            (pool.ranges.firstIndex { $0.contains(address) } ?? .max, address.rawValue)
        }
        var unprovenCount = 0
        let vacancies = vacancies
        let free = firstFree(inPoolAt: index, of: family) { address in
            guard pool.isProbed, !vacancies.isFree(address) else { return true }
            if vacancies.user(of: address) == nil { unprovenCount += 1 }
            return unprovenCount < Vacancies.aheadLimit ? false : nil
        }
        let shared = sharableAddresses(for: key, sharing: request.sharing)
            .filter { $0.family == family && pool.contains($0) && !pool.isLeaving($0) }
            .min { place($0) < place($1) }
        if free == nil, shared == nil, unprovenCount > 0 { throw .unproven }
        guard let free, let shared else { return free ?? shared }
        return place(shared) < place(free) ? shared : free
    }
}
