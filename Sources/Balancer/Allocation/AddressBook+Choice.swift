import KubeWatch
import Wire

/// Why a Service gets no address.
enum AllocationFailure: Error, Hashable, CustomStringConvertible {
    case invalid(RequestError)
    case inNoPool(IPAddress)
    case notInPool(IPAddress, String)
    case inUse(IPAddress, by: ObjectKey)
    case unknownPool(String)
    case noPool(AddressFamily)
    case exhausted(String?, AddressFamily)

    /// What is wrong, and what would help.
    var description: String {
        switch self {
        case .invalid(let error):
            error.description
        case .inNoPool(let address):
            "\(address) is in no pool"
        case .notInPool(let address, let pool):
            "\(address) is not in the pool \"\(pool)\""
        case .inUse(let address, let owner):
            "\(address) is in use by \"\(owner)\""
        case .unknownPool(let pool):
            "there is no pool \"\(pool)\""
        case .noPool(let family):
            "no pool with auto-assign has \(family.rawValue) addresses"
        case .exhausted(let pool?, let family):
            "no free \(family.rawValue) address in the pool \"\(pool)\""
        case .exhausted(nil, let family):
            "no free \(family.rawValue) address in any pool with auto-assign"
        }
    }
}

extension AddressBook {
    /// The address that `request` of the Service `key` gets: the one it asks for; else the first of the pool it asks for;
    /// else the first of the pools with auto-assign, in order of the configuration.
    mutating func choose(for request: Request, of key: ObjectKey) throws(AllocationFailure) -> IPAddress {
        if let address = request.address {
            try check(address, for: request, of: key)
            return address
        }
        if let name = request.pool {
            guard let index = pools.pools.firstIndex(where: { $0.name == name }) else { throw .unknownPool(name) }
            guard let address = first(inPoolAt: index, for: request, of: key) else {
                throw .exhausted(name, request.family)
            }
            return address
        }
        var hasFamily = false
        for (index, pool) in pools.pools.enumerated() where pool.isAutoAssigned {
            hasFamily = hasFamily || pool.ranges.contains { $0.family == request.family }
            if let address = first(inPoolAt: index, for: request, of: key) { return address }
        }
        throw hasFamily ? .exhausted(nil, request.family) : .noPool(request.family)
    }

    /// Whether the Service `key` may have `address`, which it asks for.
    func check(_ address: IPAddress, for request: Request, of key: ObjectKey) throws(AllocationFailure) {
        guard let pool = pools.pool(holding: address) else { throw .inNoPool(address) }
        if let name = request.pool, name != pool.name { throw .notInPool(address, name) }
        if let owner = rival(of: key, at: address, sharing: request.sharing) { throw .inUse(address, by: owner) }
    }

    /// The first address of a pool that is free or can be shared.
    private mutating func first(inPoolAt index: Int, for request: Request, of key: ObjectKey) -> IPAddress? {
        let pool = pools.pools[index]
        let place = { (address: IPAddress) -> (Int, UInt128) in
            (pool.ranges.firstIndex { $0.contains(address) } ?? .max, address.rawValue)
        }
        let free = firstFree(inPoolAt: index, of: request.family)
        let shared = sharableAddresses(for: key, sharing: request.sharing)
            .filter { $0.family == request.family && pool.contains($0) }
            .min { place($0) < place($1) }
        guard let free, let shared else { return free ?? shared }
        return place(shared) < place(free) ? shared : free
    }
}
