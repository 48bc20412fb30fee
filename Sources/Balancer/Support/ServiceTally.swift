import KubeWatch

/// The Services that have something, each counted once however many addresses it has it at.
struct ServiceTally {
    private var counts: [ObjectKey: Int] = [:]

    /// How many Services there are.
    var count: Int { counts.count }

    /// At one address the Services are `new` from now on that were `old`.
    mutating func replace(_ old: [ObjectKey], by new: [ObjectKey]) {
        for key in new { counts[key, default: 0] += 1 }
        for key in old {
            let left = (counts[key] ?? 0) - 1
            counts[key] = left > 0 ? left : nil
        }
    }
}
