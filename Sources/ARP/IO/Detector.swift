public import EventLoop
public import System
public import Wire

/// Carries a `Prober`'s directives out: a packet socket for each interface and family of addresses that is probed, for as long
/// as answers are waited for.
public final class Detector {
    private struct PortID: Hashable {
        var interfaceIndex: UInt32
        var family: AddressFamily
    }

    /// The number of probes that could not be sent.
    public private(set) var sendErrors: UInt64 = 0

    private let loop: Loop
    private let onReport: (Prober.Report) -> Void
    private var prober = Prober()
    private var rng: PRNG
    private var timer: Timer?
    private var ports: [PortID: Port] = [:]

    /// A detector that has probed nothing yet; what comes of probes goes to `onReport`.
    ///
    /// - Throws: `Errno` where the kernel has no random numbers, or the loop takes no timer.
    public init(loop: Loop, onReport: @escaping (Prober.Report) -> Void) throws(Errno) {
        self.loop = loop
        self.onReport = onReport
        rng = PRNG(seed: try Random.seed())
        timer = try loop.timer { [unowned self] in
            handle(.timer)
            // Here and not where an answer is heard: that is in the very port.
            closeUnused()
        }
    }

    /// Tells the Ethernet addresses of the interfaces that frames can leave by; replaces what was told before.
    public func update(interfaces: [UInt32: MACAddress]) {
        handle(.interfaces(interfaces))
        for id in ports.keys where interfaces[id.interfaceIndex] == nil { ports[id] = nil }
    }

    /// Probes.
    public func probe(_ probe: Probe) {
        handle(.probe(probe))
    }

    private func handle(_ event: Prober.Event) {
        for directive in prober.handle(event, at: loop.now, using: &rng) {
            switch directive {
            case .send(let frame, for: let probe): send(frame, for: probe)
            case .wake(at: let instant): timer?.arm(at: instant)
            case .report(let report): onReport(report)
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

    private func port(_ id: PortID) throws(Errno) -> Port {
        if let port = ports[id] { return port }
        let port = try Port(
            loop, index: id.interfaceIndex,
            socket: try PacketSocket(
                etherType: id.family.etherType, interfaceIndex: id.interfaceIndex,
                filter: Filter.bearers(id.family).instructions),
            handler: { [unowned self] frame in handle(.received(frame, on: id.interfaceIndex)) },
            // What cannot be heard is no answer.
            onError: { _ in })
        ports[id] = port
        return port
    }

    private func closeUnused() {
        for id in ports.keys where !prober.isProbing(on: id.interfaceIndex) { ports[id] = nil }
    }
}
