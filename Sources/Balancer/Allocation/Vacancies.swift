import ARP
import Wire

/// What is known of addresses that no Service has: whether another host uses them (RFC 5227). The leader has those probed
/// that are given next, so that hardly anybody waits.
struct Vacancies {
    /// So many addresses are probed ahead.
    static let aheadLimit = Prober.probeLimit
    /// What was free is taken for free for so long,
    private static let lifetime = Duration.seconds(3_600)
    /// and looked at again after so long.
    private static let renewal = Duration.seconds(1_800)
    /// What another host uses is looked at again after so long.
    private static let patience = Duration.seconds(300)
    /// What a node of the cluster answered for, which is to forget it soon.
    private static let ownPatience = Duration.seconds(10)
    /// What could not be probed.
    private static let retryPause = Duration.seconds(1)
    /// It is looked so often whether something has become too old.
    private static let period = Duration.seconds(60)

    /// What was found out about an address.
    enum Finding: Hashable {
        /// Nobody has it.
        case free
        /// Another host has it.
        case used(by: MACAddress)
        /// A node of this cluster answers for it.
        case ours
        /// It could not be found out.
        case unknown
    }

    /// A network that this node is in.
    struct Network: Hashable {
        var prefix: Prefix
        var interfaceIndex: UInt32
    }

    private var findings: [IPAddress: (finding: Finding, since: Instant)] = [:]
    private var underWay: Set<IPAddress> = []
    private var wanted: Set<IPAddress> = []
    /// Where can be probed. Addresses elsewhere are taken for free.
    var networks: [Network] = [] {
        didSet { if networks != oldValue { isStale = true } }
    }
    /// The instant of the event that is being handled.
    var now = Instant.zero
    /// Whether it is to be looked at once what there is to probe.
    var isStale = true
    private(set) var dueAt: Instant?

    /// The interface by which `address` can be probed; nil where it cannot, or need not.
    func interface(for address: IPAddress) -> UInt32? {
        networks.first { $0.prefix.contains(address) }?.interfaceIndex
    }

    /// Whether `address` may be given: it is known that nobody has it, or that cannot be known.
    func isFree(_ address: IPAddress) -> Bool { findings[address]?.finding == .free || interface(for: address) == nil }

    /// The host that has `address`.
    func user(of address: IPAddress) -> MACAddress? {
        if case .used(by: let station) = findings[address]?.finding { station } else { nil }
    }

    /// All addresses that other hosts have, ascending.
    var used: [(address: IPAddress, station: MACAddress)] {
        findings.keys.sorted().compactMap { address in user(of: address).map { (address, $0) } }
    }

    /// A Service asks for `address`: it is probed first of all.
    mutating func want(_ address: IPAddress) {
        wanted.insert(address)
        isStale = true
    }

    /// A Service has given `address` up, which nobody else can have had meanwhile.
    mutating func release(_ address: IPAddress) {
        if user(of: address) == nil { findings[address] = (.free, now) }
    }

    /// A probe for `address` is over, whatever has come of it.
    mutating func end(_ address: IPAddress) { underWay.remove(address) }

    /// Takes what was found out about `address`. Returns whether that is news.
    mutating func take(_ finding: Finding, about address: IPAddress) -> Bool {
        wanted.remove(address)
        let old = findings.updateValue((finding, now), forKey: address)?.finding
        if finding == .unknown || finding == .ours { dueAt = .earlier(dueAt, now.advanced(by: Self.retryPause)) }
        return old != finding
    }

    /// Whether there is something to look at.
    var isDue: Bool { isStale || dueAt.map { $0 <= now } ?? false }

    /// What to probe now of the addresses that Services want and of those that are `ahead`, in their order.
    mutating func next(ahead: [IPAddress]) -> [Probe] {
        isStale = false
        findings = findings.filter { $0.value.since.duration(to: now) < Self.lifetime || underWay.contains($0.key) }
        dueAt = now.advanced(by: Self.period)
        var probes: [Probe] = []
        for address in wanted.sorted() + ahead where underWay.count < Self.aheadLimit && mustProbe(address) {
            guard let index = interface(for: address), underWay.insert(address).inserted else { continue }
            probes.append(Probe(address, on: index))
        }
        return probes
    }

    private mutating func mustProbe(_ address: IPAddress) -> Bool {
        guard !underWay.contains(address) else { return false }
        guard let (finding, since) = findings[address] else { return true }
        let due =
            switch finding {
            case .free: since.advanced(by: Self.renewal)
            case .used: since.advanced(by: Self.patience)
            case .ours: since.advanced(by: Self.ownPatience)
            case .unknown: since.advanced(by: Self.retryPause)
            }
        guard due > now else { return true }
        dueAt = .earlier(dueAt, due)
        return false
    }
}
