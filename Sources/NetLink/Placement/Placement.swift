public import Wire

/// Has this node itself bear the addresses that it answers for, so that its kernel takes what is sent to them for its own:
/// without kube-proxy, and for `ping`.
///
/// Each is put on its interface for a few seconds, and for a few more while the daemon lives: what a dead daemon leaves goes
/// away by itself. Before that a kernel answers ARP for whatever it bears, so nothing stays that is not answered for.
public struct Placement: Sendable {
    /// For how long an address stays unless the daemon says so again.
    public static let lifetimeSeconds: UInt32 = 6
    /// When the daemon does.
    static let renewalInterval = Duration.seconds(2)
    /// What is due so soon is renewed together with what is due.
    static let renewalSlack = Duration.milliseconds(500)
    /// The requests that follow on each other at once.
    static let batchLimit = 64
    /// The wait once that many have.
    static let batchPause = Duration.milliseconds(10)
    /// The wait before lbd's interface is tried for again.
    static let deviceRetry = Duration.seconds(10)

    /// The numbers of errors that matter here (errno(3)).
    private enum Code {
        static let noDevice: Int32 = 19
        static let exists: Int32 = 17
    }

    /// One that is to be there.
    private struct Entry {
        /// It is.
        var isHeld: Bool
        /// When to say so again, or to try again.
        var dueAt: Instant
    }

    private let mode: Mode
    /// The interfaces that each address is answered on.
    private var claims: [IPAddress: Set<UInt32>] = [:]
    private var entries: [Holding: Entry] = [:]
    private var failures: [Holding: Int32] = [:]
    private var names: [UInt32: String] = [:]
    /// The IPv4 addresses that others have put on the interfaces; nil before they are known.
    private var own: [UInt32: [Prefix]]?
    private var device: UInt32?
    private var deviceProblem: Problem?
    /// When to look for lbd's interface again.
    private var lookAt: Instant?
    private var hasLooked = false
    private var isSilent = false
    private var isOver = false
    private var wakeAt: Instant?
    /// The shell does not know of `wakeAt` yet.
    private var isWakeNew = false
    private var reported: Problem?

    /// A placement that has placed nothing.
    public init(_ mode: Mode) {
        self.mode = mode
    }

    /// The addresses that are where they are to be, ascending.
    public var held: [IPAddress] { Set(entries.filter(\.value.isHeld).keys.map(\.address)).sorted() }

    /// Takes an event in and gives what is to be done about it, in order.
    public mutating func handle(_ event: Event, at now: Instant) -> [Directive] {
        guard !isOver else { return [] }
        var directives: [Directive] = []
        switch event {
        case .started:
            directives = [.look]
        case .found(let found, let held):
            directives = take(found, held, at: now)
        case .interfaces(let interfaces):
            directives = take(interfaces, at: now)
        case .take(let address, on: let index):
            claims[address, default: []].insert(index)
            directives = place(address, at: now)
        case .release(let address, on: let index):
            claims[address]?.remove(index)
            if claims[address]?.isEmpty == true { claims[address] = nil }
            directives = place(address, at: now)
        case .answer(let isOn):
            isSilent = !isOn
            directives = settle(at: now)
        case .answered(let request, let code):
            directives = take(code, of: request, at: now)
        case .timer:
            wakeAt = nil
            directives = renew(at: now)
        case .keep:
            // Now, so that the next one has all the time there is.
            isOver = true
            return entries.filter(\.value.isHeld).keys.sorted().map { hold($0, isNew: false) }
        case .end:
            isOver = true
            let removal = device.map { [Directive.ask(.removeDevice($0))] } ?? []
            return entries.filter(\.value.isHeld).keys.sorted().map { .ask(.drop($0)) } + removal
        }
        // First, since what comes of the rest may say something else.
        return notices() + directives
    }

    // MARK: What is to be where

    /// Where `address` is to be.
    private func places(of address: IPAddress) -> Set<Holding> {
        guard !isSilent, let interfaces = claims[address] else { return [] }
        switch mode {
        case .none: return []
        case .interface: return Set(interfaces.map { Holding(address, on: $0) })
        case .dummy: return Set(device.map { [Holding(address, on: $0)] } ?? [])
        }
    }

    /// Puts `address` where it is to be, and takes it away from where not: on interfaces that it was or is answered on.
    private mutating func place(_ address: IPAddress, at now: Instant) -> [Directive] {
        guard hasLooked, own != nil else { return [] }
        let wanted = places(of: address)
        let known = Set(device.map { [$0] } ?? []).union(names.keys)
        let current = known.map { Holding(address, on: $0) }.filter { entries[$0] != nil }
        return replace(current, by: wanted, at: now)
    }

    /// The same for all addresses.
    private mutating func settle(at now: Instant) -> [Directive] {
        guard hasLooked else { return [] }
        // What was answered for until a moment ago has been taken by now, though not all interfaces are known yet.
        let wanted = claims.keys.reduce(into: Set<Holding>()) { $0.formUnion(places(of: $1)) }
        return replace(Array(entries.keys), by: own == nil ? wanted.intersection(entries.keys) : wanted, at: now)
    }

    private mutating func replace(
        _ current: [Holding], by wanted: Set<Holding>, at now: Instant
    ) -> [Directive] {
        let dropped = current.filter { !wanted.contains($0) }.sorted()
        let added = wanted.filter { entries[$0] == nil }.sorted()
        return dropped.flatMap { drop($0) } + added.flatMap { add($0, at: now) }
    }

    private mutating func drop(_ holding: Holding) -> [Directive] {
        failures[holding] = nil
        guard let entry = entries.removeValue(forKey: holding), entry.isHeld else { return [] }
        return [.ask(.drop(holding))]
    }

    private mutating func add(_ holding: Holding, at now: Instant) -> [Directive] {
        let dueAt = now.advanced(by: Self.renewalInterval)
        entries[holding] = Entry(isHeld: false, dueAt: dueAt)
        wake(at: dueAt)
        return [hold(holding, isNew: true)]
    }

    /// The kernel sends from the first address on an interface that reaches as far as the packet, whether preferred or not, and
    /// programs that look for the node's own take the first too. Of those that reach as far as the network it puts a new one
    /// last; those that do not come before all of them, which matters where there are none.
    private func hold(_ holding: Holding, isNew: Bool) -> Directive {
        let isAlone = own?[holding.interfaceIndex]?.isEmpty ?? true
        return .ask(.hold(holding, scope: mode == .dummy || isAlone ? .host : .universe, isNew: isNew))
    }

    // MARK: What the kernel says

    private mutating func take(_ found: Device, _ held: Set<Holding>, at now: Instant) -> [Directive] {
        hasLooked = true
        lookAt = nil
        for holding in held.union(entries.keys) where entries[holding]?.isHeld != held.contains(holding) {
            entries[holding] = Entry(isHeld: held.contains(holding), dueAt: now)
        }
        var directives: [Directive] = []
        switch (mode, found) {
        case (.dummy, .ours(let index)):
            (device, deviceProblem) = (index, nil)
        case (.dummy, .missing):
            device = nil
            directives = [.ask(.makeDevice)]
        case (.dummy, .foreign):
            (device, deviceProblem) = (nil, .foreignDevice)
            lookAgain(at: now)
        case (_, .ours(let index)):
            directives = [.ask(.removeDevice(index))]
        default:
            break
        }
        directives += settle(at: now)
        if !entries.isEmpty { wake(at: now) }
        return directives
    }

    private mutating func lookAgain(at now: Instant) {
        let next = now.advanced(by: Self.deviceRetry)
        lookAt = next
        wake(at: next)
    }

    private mutating func take(_ interfaces: [Interface], at now: Instant) -> [Directive] {
        names = Dictionary(interfaces.map { ($0.index, $0.name) }) { $1 }
        let fresh = Dictionary(
            interfaces.map { ($0.index, $0.addresses.filter { $0.address.family == .ipv4 }) }
        ) { $1 }
        guard let before = own else {
            own = fresh
            return settle(at: now)
        }
        guard fresh != before else { return [] }
        own = fresh
        // An address of the node's own has come after them, or gone: they are to be the last again.
        let moved = entries.filter { $0.value.isHeld && mode == .interface }.keys.filter { holding in
            holding.address.family == .ipv4 && before[holding.interfaceIndex] != fresh[holding.interfaceIndex]
        }
        return moved.sorted().flatMap { drop($0) + add($0, at: now) }
    }

    private mutating func take(_ code: Int32, of request: Request, at now: Instant) -> [Directive] {
        switch request {
        case .hold(let holding, _, _):
            guard entries[holding] != nil else { return [] }
            let isHeld = code == 0
            entries[holding] = Entry(isHeld: isHeld, dueAt: now.advanced(by: Self.renewalInterval))
            // An interface that is gone is not answered on for long.
            failures[holding] = isHeld || code == Code.noDevice ? nil : code
            guard code == Code.noDevice, holding.interfaceIndex == device, lookAt == nil else { return [] }
            // Somebody has removed it.
            lookAt = now
            wake(at: now)
            return []
        case .makeDevice:
            deviceProblem = code == 0 ? nil : .noDevice(code: code)
            if code == 0 { return [.look] }
            lookAgain(at: now)
            return []
        case .drop, .removeDevice:
            // What is not there need not go.
            return []
        }
    }

    // MARK: What is due

    private mutating func renew(at now: Instant) -> [Directive] {
        if let lookAt, lookAt <= now {
            self.lookAt = nil
            wakeForEntries(at: now)
            return [.look]
        }
        let limit = now.advanced(by: Self.renewalSlack)
        let due = entries.filter { $0.value.dueAt <= limit }.keys.sorted()
        let batch = due.prefix(Self.batchLimit)
        let requests = batch.map { hold($0, isNew: entries[$0]?.isHeld != true) }
        for holding in batch { entries[holding]?.dueAt = now.advanced(by: Self.renewalInterval) }
        if due.count > batch.count { wake(at: now.advanced(by: Self.batchPause)) } else { wakeForEntries(at: now) }
        return requests
    }

    private mutating func wakeForEntries(at now: Instant) {
        let next = (entries.values.map(\.dueAt) + (lookAt.map { [$0] } ?? [])).min()
        if let next { wake(at: max(next, now)) }
    }

    private mutating func wake(at instant: Instant) {
        if let wakeAt, wakeAt <= instant { return }
        wakeAt = instant
        isWakeNew = true
    }

    /// What is news to the shell.
    private mutating func notices() -> [Directive] {
        defer { isWakeNew = false }
        return report() + (isWakeNew ? wakeAt.map { [.wake(at: $0)] } ?? [] : [])
    }

    private mutating func report() -> [Directive] {
        let problem =
            deviceProblem
            ?? failures.min { $0.key < $1.key }.map { holding, code in
                let name = names[holding.interfaceIndex] ?? Message.deviceName
                return code == Code.exists
                    ? .isBorne(holding.address, on: name) : .refused(holding.address, on: name, code: code)
            }
        guard problem != reported else { return [] }
        reported = problem
        return [.report(problem)]
    }
}
