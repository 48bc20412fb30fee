import KubeWatch
import Wire

/// What this node answers for.
struct Announcer {
    /// How long changes to `saved` may wait to be kept, so that a burst of them is kept once.
    private static let saveDelay = Duration.seconds(1)

    /// An address that this node answers for.
    struct Announcement: Hashable {
        /// Ascending; never empty.
        var interfaces: [UInt32]
        /// The Services that have the address, ascending.
        var services: [ObjectKey]
    }

    private(set) var current: [IPAddress: Announcement] = [:]
    private var tally = ServiceTally()
    /// The number of Services that are announced.
    var serviceCount: Int { tally.count }
    /// The number of addresses answered for on each interface.
    private(set) var countByInterface: [UInt32: Int] = [:]
    /// Since when each address is answered for.
    private(set) var since: [IPAddress: Instant] = [:]
    private var dirty: Set<IPAddress> = []

    private(set) var saved = Saved()
    private var hasUnsaved = false
    private var saveDue: Instant?
    private var hasDroppedOthers = false
    private var uids: [ObjectKey: String] = [:]

    mutating func restore(_ saved: Saved) {
        self.saved = saved
    }

    mutating func mark(_ address: IPAddress) {
        dirty.insert(address)
    }

    mutating func mark(_ addresses: some Sequence<IPAddress>) {
        dirty.formUnion(addresses)
    }

    /// The addresses to look at, ascending.
    mutating func takeDirty() -> [IPAddress] {
        guard !dirty.isEmpty else { return [] }
        defer { dirty = [] }
        return dirty.sorted()
    }

    /// Makes `new` what is answered for `address`, nil for nothing: tells which claims to take and release.
    mutating func set(
        _ new: Announcement?, for address: IPAddress, at now: Instant
    ) -> (released: [UInt32], taken: [UInt32]) {
        let old = current[address]
        current[address] = new
        since[address] = new == nil ? nil : since[address] ?? now
        tally.replace(old?.services ?? [], by: new?.services ?? [])
        let (before, after) = (old?.interfaces ?? [], new?.interfaces ?? [])
        let released = before.filter { !after.contains($0) }
        let taken = after.filter { !before.contains($0) }
        for index in released {
            let count = (countByInterface[index] ?? 0) - 1
            countByInterface[index] = count > 0 ? count : nil
        }
        for index in taken { countByInterface[index, default: 0] += 1 }
        return (released, taken)
    }

    /// Notes that the Service `key` of this `uid` is announced at `address`. Returns whether that is news: not so when the
    /// daemon announced the same before it was restarted.
    mutating func begin(_ key: ObjectKey, uid: String, at address: IPAddress, in turn: inout Turn) -> Bool {
        uids[key] = uid
        let announced = saved.announced[uid] ?? []
        guard !announced.contains(address.description) else { return false }
        saved.announced[uid] = (announced + [address.description]).sorted()
        change(in: &turn)
        return true
    }

    /// Notes that the Service `key` is not announced at `address` any more.
    mutating func end(_ key: ObjectKey, at address: IPAddress, in turn: inout Turn) {
        guard let uid = uids[key], let announced = saved.announced[uid], announced.contains(address.description) else {
            return
        }
        let left = announced.filter { $0 != address.description }
        saved.announced[uid] = left.isEmpty ? nil : left
        if left.isEmpty { uids[key] = nil }
        change(in: &turn)
    }

    /// Forgets Services that are not announced, once the first elections are over: another node has taken them, or they
    /// are gone.
    mutating func dropOthers(in turn: inout Turn) {
        guard !hasDroppedOthers else { return }
        hasDroppedOthers = true
        let known = Set(uids.values)
        let kept = saved.announced.filter { known.contains($0.key) }
        guard kept.count < saved.announced.count else { return }
        saved.announced = kept
        change(in: &turn)
    }

    /// Keeps that these Services have `address` and that this node could answer for it; none where that is not so.
    mutating func remember(_ services: [ObjectKey], at address: IPAddress, in turn: inout Turn) {
        let old = saved.remembered[address]
        let new = services.isEmpty ? nil : Array(services.prefix(Recollection.serviceLimit))
        guard new != old, old != nil || saved.remembered.count < Recollection.addressLimit else { return }
        saved.remembered[address] = new
        change(in: &turn)
    }

    private mutating func change(in turn: inout Turn) {
        hasUnsaved = true
        if saveDue == nil { saveDue = turn.now.advanced(by: Self.saveDelay) }
    }

    /// Has `saved` kept, if it has changed and that is due, or (`atOnce`) the daemon ends.
    mutating func save(atOnce: Bool = false, in turn: inout Turn) {
        guard hasUnsaved, atOnce || saveDue.map({ $0 <= turn.now }) ?? false else { return }
        hasUnsaved = false
        saveDue = nil
        turn.emit(.save(saved))
    }

    var nextDeadline: Instant? { saveDue }
}
