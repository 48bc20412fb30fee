public import EventLoop
internal import Glibc
public import System
public import Wire

/// Carries an `Announcer`'s directives out: one packet socket for each interface that has a claim on it.
public final class Responder {
    /// Told, whenever that changes, of the interfaces by index that frames cannot be sent or received on. The responder
    /// tries again by itself with the next frame that it has to send.
    public var onTrouble: ([UInt32: Errno]) -> Void = { _ in }
    /// Whether nothing is answered or announced for now, whatever is claimed. What comes meanwhile is dropped.
    public var isMuted = false
    /// The number of frames that could not be sent.
    public private(set) var sendErrors: UInt64 = 0

    /// What the kernel says of an interface that is down or gone, or of a queue that is full for the moment: nobody
    /// needs to be told.
    private static let passing: Set<Int32> = [ENETDOWN, ENXIO, ENODEV, EAGAIN, ENOBUFS]

    private let loop: Loop
    private var announcer: Announcer
    private var rng: PRNG
    private var timer: Timer?
    /// Nil before the pools are known.
    private var filter: Filter?
    private var hardwareAddresses: [UInt32: MACAddress] = [:]
    private var ports: [UInt32: Port] = [:]
    /// The sockets of the process before this one whose ports are not open yet.
    private var inherited: [UInt32: InheritedSocket] = [:]
    private var troubles: [UInt32: Errno] = [:] {
        didSet { if troubles != oldValue { onTrouble(troubles) } }
    }

    /// A responder without claims that refreshes each about every `refreshInterval`; zero for never.
    ///
    /// - Throws: `Errno` where the loop takes no timer.
    public init(loop: Loop, refreshInterval: Duration) throws(Errno) {
        self.loop = loop
        announcer = Announcer(refreshInterval: refreshInterval)
        var generator = SystemRandomNumberGenerator()
        rng = PRNG(seed: generator.next())
        timer = try loop.timer { [unowned self] in handle(.timer) }
    }

    /// The numbers of frames sent and dropped.
    public var counters: Counters { announcer.counters }

    /// Answers for `address` on the interface with this index from now on, and announces it.
    public func take(_ address: IPv4Address, on index: UInt32) {
        handle(.take(address, on: index))
        // Nothing is sent yet where the pace holds it back, but requests are to be heard.
        _ = port(index)
    }

    /// Falls silent about `address` on the interface with this index at once.
    public func release(_ address: IPv4Address, on index: UInt32) {
        handle(.release(address, on: index))
        if !announcer.hasClaims(on: index) { close(index) }
    }

    /// Answers what was asked before now, as far as it fits into a moment.
    public func answerWaiting() {
        for (_, port) in ports.sorted(by: { $0.key < $1.key }) { port.receiveWaiting() }
    }

    /// Announces all claims anew.
    public func announceAll() {
        handle(.announceAll)
    }

    /// Tells which interfaces there are, with their Ethernet addresses; replaces what was told before. Leave out those
    /// that are down: what is claimed on an interface that comes back is announced anew.
    public func update(interfaces: [(index: UInt32, mac: MACAddress)]) {
        let current = Dictionary(interfaces.map { ($0.index, $0.mac) }) { $1 }
        let gone = hardwareAddresses.keys.filter { current[$0] == nil }.sorted()
        hardwareAddresses = current
        for index in gone {
            close(index)
            handle(.interface(index, nil))
        }
        for (index, address) in current.sorted(by: { $0.key < $1.key }) {
            handle(.interface(index, address))
            _ = port(index)
        }
        // What was not opened now is on an interface that is down or gone; what waits in it would be answered too late.
        inherited = [:]
    }

    /// Hears requests for the addresses of `ranges` only; replaces what was heard before. Nothing is heard until then.
    public func listen(for ranges: [AddressRange]) {
        let wanted = Filter(for: ranges)
        guard wanted != filter else { return }
        filter = wanted
        for (index, port) in ports.sorted(by: { $0.key < $1.key }) {
            do throws(Errno) {
                try port.setFilter(wanted)
            } catch {
                report(error, index)
            }
        }
    }

    // MARK: Over a restart

    /// What the service manager calls the socket of an interface: `arp-2`.
    private static let storedPrefix = "arp-"

    /// Has the service manager keep the sockets open: what is asked until the next process is up waits in them.
    public func bequeath() {
        for (index, port) in ports { ServiceManager.store(port.descriptor, name: "\(Self.storedPrefix)\(index)") }
    }

    /// Takes over a socket that the process before this one left with the service manager, if it is one of ours. It is
    /// read once its interface is known and has a claim on it.
    public func adopt(_ descriptor: consuming FileDescriptor, storedAs name: String) {
        ServiceManager.unstore(name: name)
        guard name.hasPrefix(Self.storedPrefix), let index = UInt32(name.dropFirst(Self.storedPrefix.count)) else {
            return
        }
        do throws(Errno) {
            inherited[index] = InheritedSocket(
                try PacketSocket(adopting: descriptor, etherType: EthernetFrame.etherType, interfaceIndex: index))
        } catch {
            report(error, index)
        }
    }

    private func socket(_ index: UInt32) throws(Errno) -> PacketSocket {
        guard let socket = inherited.removeValue(forKey: index)?.take() else {
            return try PacketSocket(
                etherType: EthernetFrame.etherType, interfaceIndex: index,
                filter: (filter ?? Filter(for: [])).instructions)
        }
        if let filter { try socket.setFilter(filter.instructions) }
        return socket
    }

    private func handle(_ event: Announcer.Event) {
        for directive in announcer.handle(event, at: loop.now, using: &rng) {
            switch directive {
            case .send(let frame, on: let index): send(frame, on: index)
            case .wake(at: let instant): timer?.arm(at: instant)
            }
        }
    }

    private func send(_ frame: EthernetFrame, on index: UInt32) {
        guard !isMuted else { return }
        guard let port = port(index) else {
            sendErrors += 1
            return
        }
        do throws(Errno) {
            try port.send(frame)
            if !troubles.isEmpty { troubles[index] = nil }
        } catch {
            sendErrors += 1
            report(error, index)
        }
    }

    /// The interface's port, opened now where it is needed and can be.
    private func port(_ index: UInt32) -> Port? {
        if let port = ports[index] { return port }
        guard hardwareAddresses[index] != nil, announcer.hasClaims(on: index) else { return nil }
        do throws(Errno) {
            let port = try Port(
                loop, index: index, socket: try socket(index),
                handler: { [unowned self] frame in handle(.received(frame, on: index)) },
                onError: { [unowned self] error in report(error, index) })
            ports[index] = port
            return port
        } catch {
            report(error, index)
            return nil
        }
    }

    private func close(_ index: UInt32) {
        ports[index] = nil
        if !troubles.isEmpty { troubles[index] = nil }
    }

    private func report(_ error: Errno, _ index: UInt32) {
        if !Self.passing.contains(error.code) { troubles[index] = error }
    }
}
