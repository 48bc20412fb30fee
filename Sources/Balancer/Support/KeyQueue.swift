import KubeWatch

/// Objects to look at, each once, first come first served.
struct KeyQueue {
    private var order: [ObjectKey] = []
    private var head = 0
    private var members: Set<ObjectKey> = []

    var isEmpty: Bool { members.isEmpty }
    var count: Int { members.count }

    /// Appends `key`; one that waits already keeps its place.
    mutating func append(_ key: ObjectKey) {
        guard members.insert(key).inserted else { return }
        order.append(key)
        if order.count - head > 2 * members.count + 64 { compact() }
    }

    /// Puts `key` before all others, unless it waits already.
    mutating func prepend(_ key: ObjectKey) {
        guard members.insert(key).inserted else { return }
        if head > 0 {
            head -= 1
            order[head] = key
        } else {
            order.insert(key, at: 0)
        }
    }

    /// Drops the places of those that were taken out.
    private mutating func compact() {
        var rest = members
        order = order[head...].filter { rest.remove($0) != nil }
        head = 0
    }

    /// Takes `key` out. Its place in the order stays behind, to be skipped.
    mutating func remove(_ key: ObjectKey) {
        members.remove(key)
        if members.isEmpty { removeAll() }
    }

    /// Takes the first.
    mutating func popFirst() -> ObjectKey? {
        while head < order.count {
            let key = order[head]
            head += 1
            guard members.remove(key) != nil else { continue }
            if head > 1_024, head * 2 > order.count { compact() }
            return key
        }
        removeAll()
        return nil
    }

    /// Takes all, in order.
    mutating func popAll() -> [ObjectKey] {
        var keys: [ObjectKey] = []
        while let key = popFirst() { keys.append(key) }
        return keys
    }

    mutating func removeAll() {
        order = []
        head = 0
        members = []
    }
}
