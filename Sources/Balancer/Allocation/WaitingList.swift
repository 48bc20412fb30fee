import KubeWatch
import Wire

/// The Services that got no address, grouped by what would help them, so that one freed address does not wake all.
struct WaitingList {
    /// What its members wait for.
    enum Group: Hashable, Comparable {
        /// That one address.
        case address(IPAddress)
        /// Any address of a family, of one pool or (empty) of those with auto-assign, free or shared under a key.
        case pool(String, AddressFamily, sharingKey: String)

        init(_ request: Request) {
            if let address = request.address {
                self = .address(address)
            } else {
                self = .pool(request.pool ?? "", request.family, sharingKey: request.sharing.key)
            }
        }

        /// Whether all members would get the same answer. Those that share differ by their ports.
        var isUniform: Bool {
            if case .pool(_, _, sharingKey: "") = self { true } else { false }
        }

        /// Whether the address `freed`, of the pool `poolName`, may help.
        fileprivate func isHelped(by freed: IPAddress, of poolName: String) -> Bool {
            switch self {
            case .address(let address): address == freed
            case .pool(let name, let family, _): family == freed.family && (name.isEmpty || name == poolName)
            }
        }

        private var order: (IPAddress?, String, AddressFamily?, String) {
            switch self {
            case .address(let address): (address, "", nil, "")
            case .pool(let name, let family, let sharingKey): (nil, name, family, sharingKey)
            }
        }

        static func < (left: Group, right: Group) -> Bool {
            let (left, right) = (left.order, right.order)
            guard left.0 == right.0 else { return left.0.map { one in right.0.map { one < $0 } ?? true } ?? false }
            return (left.1, left.2?.rawValue ?? "", left.3) < (right.1, right.2?.rawValue ?? "", right.3)
        }
    }

    private var queues: [Group: KeyQueue] = [:]
    private var groups: [ObjectKey: Group] = [:]
    private var helped: Set<Group> = []

    var count: Int { groups.count }

    mutating func insert(_ key: ObjectKey, waitingFor group: Group) {
        guard groups[key] != group else { return }
        remove(key)
        groups[key] = group
        queues[group, default: KeyQueue()].append(key)
    }

    mutating func remove(_ key: ObjectKey) {
        guard let group = groups.removeValue(forKey: key) else { return }
        queues[group]?.remove(key)
        if queues[group]?.isEmpty == true { queues[group] = nil }
    }

    /// Notes that `address` has been given up, wholly or by one of its sharers.
    mutating func freed(_ address: IPAddress, of pool: Pool) {
        for group in queues.keys where group.isHelped(by: address, of: pool.name) { helped.insert(group) }
    }

    /// Takes out whom to try next: all that wait for an address or to share, else the first of a kind, to be tried at
    /// once. Empty where nothing has changed for the better.
    mutating func popHelped() -> [ObjectKey] {
        while let group = helped.min() {
            helped.remove(group)
            let keys = group.isUniform ? queues[group]?.popFirst().map { [$0] } : queues[group]?.popAll()
            if queues[group]?.isEmpty == true { queues[group] = nil }
            guard let keys, !keys.isEmpty else { continue }
            for key in keys { groups[key] = nil }
            return keys
        }
        return []
    }

    /// Notes that a member of `group` got an address, so that the next of its kind may have one too.
    mutating func succeeded(_ group: Group) {
        if queues[group] != nil { helped.insert(group) }
    }

    mutating func removeAll() {
        self = WaitingList()
    }
}
