import KubeWatch
import Wire

/// The Services that got no address, grouped by what would help them, so that one freed address does not wake all.
struct WaitingList {
    /// What its members wait for.
    enum Group: Hashable, Comparable {
        /// These very addresses, and any of these other families.
        case addresses([IPAddress], beside: [AddressFamily])
        /// Any address of each of these families, of one pool or (empty) of those with auto-assign, free or shared under a
        /// key.
        case pool(String, [AddressFamily], sharingKey: String)

        init(_ request: Request) {
            if request.addresses.isEmpty {
                self = .pool(request.pool ?? "", request.families, sharingKey: request.sharing.key)
            } else {
                let others = request.families.filter { family in !request.addresses.contains { $0.family == family } }
                self = .addresses(request.addresses, beside: others)
            }
        }

        /// Whether all members would get the same answer. Those that share differ by their ports, and those of two families by
        /// what they have already.
        var isUniform: Bool {
            if case .pool(_, let families, sharingKey: "") = self { families.count == 1 } else { false }
        }

        /// Whether the address `freed`, of the pool `poolName`, may help.
        fileprivate func isHelped(by freed: IPAddress, of poolName: String) -> Bool {
            switch self {
            case .addresses(let addresses, beside: let others):
                addresses.contains(freed) || others.contains(freed.family)
            case .pool(let name, let families, _):
                families.contains(freed.family) && (name.isEmpty || name == poolName)
            }
        }

        private static func joined(_ parts: [some Any]) -> String { parts.map { "\($0)" }.joined(separator: ",") }

        /// Those that ask for addresses come first.
        private var order: (Int, String, String, String) {
            switch self {
            case .addresses(let addresses, beside: let others): (0, Self.joined(addresses), Self.joined(others), "")
            case .pool(let name, let families, let sharingKey): (1, name, Self.joined(families), sharingKey)
            }
        }

        static func < (left: Group, right: Group) -> Bool { left.order < right.order }
    }

    private var queues: [Group: KeyQueue] = [:]
    private var groups: [ObjectKey: Group] = [:]
    private var helped: Set<Group> = []
    /// Who was tried last of its kind: where it could not be helped after all, it keeps its place.
    private var lastTried: ObjectKey?

    var count: Int { groups.count }

    mutating func insert(_ key: ObjectKey, waitingFor group: Group) {
        guard groups[key] != group else { return }
        remove(key)
        groups[key] = group
        if key == lastTried {
            queues[group, default: KeyQueue()].prepend(key)
        } else {
            queues[group, default: KeyQueue()].append(key)
        }
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
            lastTried = group.isUniform ? keys.first : nil
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
