public import EventLoop
public import System
public import Wire

/// Carries a `Prober`'s directives out: a packet socket for each interface and family of addresses, for as long as addresses
/// are watched or answers are waited for.
public final class Detector {
    /// The number of probes that could not be sent.
    public private(set) var sendErrors: UInt64 = 0
    /// The interfaces, by index, on which everybody is told of who has an address of the ranges, and not only what comes of
    /// probes.
    public var watched: Set<UInt32> = [] {
        didSet { if watched != oldValue { watch() } }
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
    /// The sockets of the process before this one whose ports are not open yet.
    private var inherited: [PortID: InheritedSocket] = [:]

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

    // MARK: Over a restart

    /// What the service manager calls the socket of an interface, such as `watch-arp-2`.
    private static let storedPrefixes: [AddressFamily: String] = [.ipv4: "watch-arp-", .ipv6: "watch-ndp-"]

    /// Whether the service manager keeps a socket of a detector's by this name.
    public static func isStored(as name: String) -> Bool { storedPrefixes.values.contains { name.hasPrefix($0) } }

    /// Has the service manager keep the sockets open: the kernel takes some 20 ms to close one for good, for which the process
    /// that follows would have to wait.
    public func bequeath() {
        for (id, port) in ports {
            guard let prefix = Self.storedPrefixes[id.family] else { continue }
            ServiceManager.store(port.descriptor, name: "\(prefix)\(id.interfaceIndex)")
        }
    }

    /// Takes over a socket that the process before this one left with the service manager.
    public func adopt(_ descriptor: consuming FileDescriptor, storedAs name: String) {
        ServiceManager.unstore(name: name)
        guard let (family, prefix) = Self.storedPrefixes.first(where: { name.hasPrefix($0.value) }),
            let index = UInt32(name.dropFirst(prefix.count)),
            let socket = try? PacketSocket(adopting: descriptor, etherType: family.etherType, interfaceIndex: index)
        else { return }
        inherited[PortID(interfaceIndex: index, family: family)] = InheritedSocket(socket)
    }

    // MARK: Carrying out

    private func watch() {
        handle(.watch(watched.isEmpty ? [] : ranges))
        cleaner?.schedule()
        for index in watched where interfaces[index] != nil {
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
                cleaner?.schedule()
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
            loop, index: id.interfaceIndex, socket: try socket(id),
            handler: { [unowned self] frame in handle(.received(frame, on: id.interfaceIndex)) },
            // What cannot be heard is no answer.
            onError: { _ in })
        ports[id] = port
        return port
    }

    private func socket(_ id: PortID) throws(Errno) -> PacketSocket {
        let program = filter(id.family).instructions
        guard let socket = inherited.removeValue(forKey: id)?.take() else {
            return try PacketSocket(etherType: id.family.etherType, interfaceIndex: id.interfaceIndex, filter: program)
        }
        try socket.setFilter(program)
        return socket
    }

    private func closeUnused() {
        for id in ports.keys where !watched.contains(id.interfaceIndex) && !prober.isProbing(on: id.interfaceIndex) {
            ports[id] = nil
        }
    }
}
