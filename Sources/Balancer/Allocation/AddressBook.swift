import KubeWatch
import Wire

/// Who has which address. Rebuilt from the Services' status alone; an address that was chosen for a Service but may not
/// be in its status yet is reserved for it meanwhile. Every change costs the same however many Services there are; only
/// new pools go through all.
struct AddressBook {
    /// What one Service has.
    struct Entry: Hashable {
        /// The addresses in its status, ascending.
        var held: [IPAddress]
        /// The addresses chosen for it, from when the write leaves until it is known what became of it.
        var reserved: [IPAddress] = []
        /// On what terms it shares.
        var sharing: Sharing
        /// The revision in which the Service was first seen to hold what it holds on these terms.
        var since: UInt64
    }

    private(set) var entries: [ObjectKey: Entry] = [:]
    private var occupants: [IPAddress: Set<ObjectKey>] = [:]
    /// The occupied addresses of each sharing key, with the number of occupants that bear the key.
    private var shared: [String: [IPAddress: Int]] = [:]
    private(set) var pools = Pools()
    /// The addresses that are never given, though they are in a pool.
    private(set) var obstacles = Obstacles()
    /// What is known of whether other hosts use addresses.
    var vacancies = Vacancies()
    /// How many addresses of each pool are occupied.
    private(set) var usedCounts: [Int] = []
    /// How many addresses each pool can give away.
    private(set) var capacities: [UInt128] = []
    /// Of each pool and range, the address below which none is free.
    private var cursors: [[UInt128]] = []

    /// All occupied addresses, in no order.
    var addresses: some Sequence<IPAddress> { occupants.keys }

    /// The Services that have `address`, in their status or reserved, in no order.
    func occupants(of address: IPAddress) -> Set<ObjectKey> {
        occupants[address] ?? []
    }

    /// Takes over what the Service `key` holds in the version `revision`. Returns what it gave up, or has on other terms.
    mutating func update(_ key: ObjectKey, held: [IPAddress], sharing: Sharing, revision: UInt64?) -> [IPAddress] {
        let old = entries[key]
        guard (old?.held ?? []) != held || (old.map { $0.sharing != sharing } ?? false) else { return [] }
        var new = Entry(held: held, reserved: old?.reserved ?? [], sharing: sharing, since: revision ?? .max)
        if held.isEmpty { new.since = .max }
        return replace(old, by: new, of: key)
    }

    /// Sets `addresses` aside for the Service `key`.
    mutating func reserve(_ addresses: [IPAddress], for key: ObjectKey, sharing: Sharing) {
        let old = entries[key]
        var new = old ?? Entry(held: [], sharing: sharing, since: .max)
        new.reserved = addresses
        _ = replace(old, by: new, of: key)
    }

    /// Ends the reservation of the Service `key`, if it has one. Returns the addresses that are given up thereby.
    mutating func endReservation(of key: ObjectKey) -> [IPAddress] {
        guard let old = entries[key], !old.reserved.isEmpty else { return [] }
        var new = old
        new.reserved = []
        return replace(old, by: new, of: key)
    }

    /// Forgets the Service `key`. Returns what it gave up.
    mutating func remove(_ key: ObjectKey) -> [IPAddress] {
        guard let old = entries[key] else { return [] }
        return replace(old, by: Entry(held: [], sharing: old.sharing, since: .max), of: key)
    }

    private mutating func replace(_ old: Entry?, by new: Entry, of key: ObjectKey) -> [IPAddress] {
        let before = old.map(Self.addresses) ?? []
        let after = Self.addresses(new)
        for address in before { leave(address, key, old?.sharing.key ?? "") }
        for address in after { enter(address, key, new.sharing.key) }
        entries[key] = after.isEmpty ? nil : new
        return old?.sharing == new.sharing ? before.filter { !after.contains($0) } : before
    }

    private static func addresses(_ entry: Entry) -> [IPAddress] {
        entry.reserved.isEmpty ? entry.held : entry.held + entry.reserved.filter { !entry.held.contains($0) }
    }

    private mutating func enter(_ address: IPAddress, _ key: ObjectKey, _ sharingKey: String) {
        if occupants[address] == nil, let pool = poolIndex(of: address) { usedCounts[pool] += 1 }
        occupants[address, default: []].insert(key)
        if !sharingKey.isEmpty { shared[sharingKey, default: [:]][address, default: 0] += 1 }
    }

    private mutating func leave(_ address: IPAddress, _ key: ObjectKey, _ sharingKey: String) {
        if !sharingKey.isEmpty, let count = shared[sharingKey]?[address] {
            shared[sharingKey]?[address] = count > 1 ? count - 1 : nil
            if shared[sharingKey]?.isEmpty == true { shared[sharingKey] = nil }
        }
        occupants[address]?.remove(key)
        guard occupants[address]?.isEmpty == true else { return }
        occupants[address] = nil
        vacancies.release(address)
        guard let pool = poolIndex(of: address) else { return }
        usedCounts[pool] -= 1
        makeFindable(address)
    }

    /// The pool that may give `address`. What is of a former network counts for none.
    private func poolIndex(of address: IPAddress) -> Int? {
        pools.pools.firstIndex { $0.gives(address) }
    }

    /// Counts anew with the pools that are now in force.
    mutating func adopt(_ pools: Pools) {
        self.pools = pools
        usedCounts = Array(repeating: 0, count: pools.pools.count)
        capacities = pools.pools.map(\.capacity)
        cursors = pools.pools.map { $0.ranges.map(\.first.rawValue) }
        vacancies.isStale = true
        for address in occupants.keys {
            if let pool = poolIndex(of: address) { usedCounts[pool] += 1 }
        }
    }

    /// Takes the addresses that are never given from now on. Who has one of them keeps it. Returns those that may be given
    /// again, ascending.
    mutating func take(_ obstacles: Obstacles) -> [IPAddress] {
        let freed = self.obstacles.byAddress.keys.filter { obstacles[$0] == nil }.sorted()
        self.obstacles = obstacles
        vacancies.isStale = true
        for address in freed where occupants[address] == nil { makeFindable(address) }
        return freed
    }

    private mutating func makeFindable(_ address: IPAddress) {
        guard let pool = poolIndex(of: address) else { return }
        for (index, range) in pools.pools[pool].ranges.enumerated() where range.contains(address) {
            cursors[pool][index] = min(cursors[pool][index], address.rawValue)
        }
    }

    /// The first address of `family` in the pool at `index`, its ranges in order, that is free and that `suits`; nil where
    /// there is none. Ends at once where that gives nil.
    mutating func firstFree(
        inPoolAt index: Int, of family: AddressFamily, where suits: (IPAddress) -> Bool?
    ) -> IPAddress? {
        let pool = pools.pools[index]
        for (rangeIndex, range) in pool.ranges.enumerated() where range.family == family {
            var candidate = cursors[index][rangeIndex]
            var isFirst = true
            while candidate <= range.last.rawValue {
                let address = IPAddress(family, rawValue: candidate)
                if occupants[address] == nil, pool.contains(address), obstacles[address] == nil {
                    if isFirst { cursors[index][rangeIndex] = candidate }
                    isFirst = false
                    guard let isRight = suits(address) else { return nil }
                    if isRight { return address }
                }
                guard candidate < .max else { break }
                candidate += 1
            }
            if isFirst { cursors[index][rangeIndex] = candidate }
        }
        return nil
    }

    /// The addresses that are given next, pool by pool: at most `limit`. Other hosts may have some of them.
    mutating func nextAddresses(limit: Int) -> [IPAddress] {
        var found: [IPAddress] = []
        for index in pools.pools.indices where pools.pools[index].isProbed {
            for family in [AddressFamily.ipv4, .ipv6] {
                _ = firstFree(inPoolAt: index, of: family) { address in
                    guard found.count < limit else { return nil }
                    found.append(address)
                    return false
                }
            }
        }
        return found
    }

    /// A Service that has `address` and cannot share it with one on the terms `sharing`, `key` itself aside; the first
    /// by name.
    func rival(of key: ObjectKey, at address: IPAddress, sharing: Sharing) -> ObjectKey? {
        guard let others = occupants[address], others.count > 1 || !others.contains(key) else { return nil }
        return others.filter { other in
            other != key && entries[other].map { !$0.sharing.isCompatible(with: sharing) } ?? false
        }.min()
    }

    /// An older Service that has `address`, which `key` has too, without sharing it by the rules. nil where `key` may keep
    /// it.
    func elder(of key: ObjectKey, at address: IPAddress) -> ObjectKey? {
        guard let mine = entries[key], let others = occupants[address], others.count > 1 else { return nil }
        return others.filter { other in
            guard other != key, let theirs = entries[other], theirs.held.contains(address),
                !theirs.sharing.isCompatible(with: mine.sharing)
            else { return false }
            return (theirs.since, other) < (mine.since, key)
        }.min()
    }

    /// The addresses that `key` could share on the terms `sharing`, in no order.
    func sharableAddresses(for key: ObjectKey, sharing: Sharing) -> [IPAddress] {
        guard !sharing.key.isEmpty, let addresses = shared[sharing.key] else { return [] }
        return addresses.keys.filter { rival(of: key, at: $0, sharing: sharing) == nil }
    }
}
