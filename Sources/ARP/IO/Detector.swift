public import EventLoop
public import System
public import Wire

/// Carries a `Prober`'s directives out: a packet socket for each interface and family of addresses, for as long as addresses
/// are watched or answers are waited for.
public final class Detector {
    private struct PortID: Hashable {
        var interfaceIndex: UInt32
        var family: AddressFamily
    }

    /// The number of probes that could not be sent.
    public private(set) var sendErrors: UInt64 = 0
    /// Whether everybody is told of who has an address of the ranges, and not only what comes of probes.
    public var isWatching = false {
        didSet { if isWatching != oldValue { watch() } }
    }

    private let loop: Loop
    private let onReport: (Prober.Report) -> Void
    private var prober = Prober()
    private var rng: PRNG
    private var timer: Timer?
    /// Closes ports: not from where something is heard, which is in the very port.
    private var cleaner: Deferred?
    private var ranges: [AddressRange] = []
    private var interfaces: [UInt32: MACAddress] = [:]
    private var ports: [PortID: Port] = [:]

    /// A detector that has probed nothing yet; what comes of probes goes to `onReport`.
    ///
    /// - Throws: `Errno` where the kernel has no random numbers, or the loop takes no timer.
    public init(loop: Loop, onReport: @escaping (Prober.Report) -> Void) throws(Errno) {
        self.loop = loop
        self.onReport = onReport
        rng = PRNG(seed: try Random.seed())
        timer = try loop.timer { [unowned self] in handle(.timer) }
        cleaner = try loop.deferred { [unowned self] in closeUnused() }
    }

    /// Tells the Ethernet addresses of the interfaces that frames can leave by; replaces what was told before.
    public func update(interfaces fresh: [UInt32: MACAddress]) {
        interfaces = fresh
        handle(.interfaces(fresh))
        for id in ports.keys where fresh[id.interfaceIndex] == nil { ports[id] = nil }
        watch()
    }

    /// Takes the ranges that all addresses are from which are probed or watched.
    public func listen(for ranges: [AddressRange]) {
        guard ranges != self.ranges else { return }
        self.ranges = ranges
        for (id, port) in ports where (try? port.setFilter(filter(id.family))) == nil { ports[id] = nil }
        watch()
    }

    /// Probes for an address of the ranges.
    public func probe(_ probe: Probe) {
        handle(.probe(probe))
    }

    private func watch() {
        handle(.watch(isWatching ? ranges : []))
        guard isWatching else { return cleaner?.schedule() ?? () }
        for index in interfaces.keys {
            for family in Set(ranges.map(\.family)) {
                // What cannot be heard now is tried again with the next change; what is probed is told then.
                _ = try? port(PortID(interfaceIndex: index, family: family))
            }
        }
    }

    private func handle(_ event: Prober.Event) {
        for directive in prober.handle(event, at: loop.now, using: &rng) {
            switch directive {
            case .send(let frame, for: let probe): send(frame, for: probe)
            case .wake(at: let instant): timer?.arm(at: instant)
            case .report(let report):
                onReport(report)
                if !isWatching { cleaner?.schedule() }
            }
        }
    }

    private func send(_ frame: Frame, for probe: Probe) {
        do throws(Errno) {
            try port(PortID(interfaceIndex: probe.interfaceIndex, family: probe.address.family)).send(frame)
        } catch {
            sendErrors += 1
            handle(.unsent(probe))
        }
    }

    private func filter(_ family: AddressFamily) -> Filter { .bearers(of: family, in: ranges) }

    private func port(_ id: PortID) throws(Errno) -> Port {
        if let port = ports[id] { return port }
        let port = try Port(
            loop, index: id.interfaceIndex,
            socket: try PacketSocket(
                etherType: id.family.etherType, interfaceIndex: id.interfaceIndex,
                filter: filter(id.family).instructions),
            handler: { [unowned self] frame in handle(.received(frame, on: id.interfaceIndex)) },
            // What cannot be heard is no answer.
            onError: { _ in })
        ports[id] = port
        return port
    }

    private func closeUnused() {
        guard !isWatching else { return }
        for id in ports.keys where !prober.isProbing(on: id.interfaceIndex) { ports[id] = nil }
    }
}
