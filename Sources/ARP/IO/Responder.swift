public import EventLoop
internal import Glibc
public import System
public import Wire

/// Carries an `Announcer`'s directives out: a packet socket for each interface and family of addresses that has a claim on it,
/// and the groups in which IPv6 addresses are asked for.
public final class Responder {
    /// Where the frames of one family come in, on one interface.
    private struct PortID: Hashable, Comparable {
        var interfaceIndex: UInt32
        var family: AddressFamily

        static func < (left: PortID, right: PortID) -> Bool {
            (left.interfaceIndex, left.family.bitWidth) < (right.interfaceIndex, right.family.bitWidth)
        }
    }

    /// An interface that is up.
    public struct Interface {
        /// Its index.
        public var index: UInt32
        /// Its Ethernet address.
        public var hardwareAddress: MACAddress
        /// It is a radio: many of them keep from the host what is not sent to it alone, unless it asks for everything.
        public var isWireless: Bool

        /// An interface with these properties.
        public init(index: UInt32, hardwareAddress: MACAddress, isWireless: Bool = false) {
            self.index = index
            self.hardwareAddress = hardwareAddress
            self.isWireless = isWireless
        }
    }

    /// Told, whenever that changes, of the interfaces by index that frames cannot be sent or received on. The responder
    /// tries again by itself with the next frame that it has to send.
    public var onTrouble: ([UInt32: Errno]) -> Void = { _ in }
    /// Whether nothing is answered or announced for now, whatever is claimed. What comes meanwhile is dropped.
    public var isMuted = false
    /// The number of frames that could not be sent.
    public private(set) var sendErrors: UInt64 = 0

    private static let families: [AddressFamily] = [.ipv4, .ipv6]

    /// What the kernel says of an interface that is down or gone, or of a queue that is full for the moment: nobody
    /// needs to be told.
    private static let passing: Set<Int32> = [ENETDOWN, ENXIO, ENODEV, EAGAIN, ENOBUFS]

    private let loop: Loop
    private var announcer: Announcer
    private var rng: PRNG
    private var timer: Timer?
    /// By family; empty before the pools are known.
    private var filters: [AddressFamily: Filter] = [:]
    private var hardwareAddresses: [UInt32: MACAddress] = [:]
    private var wireless: Set<UInt32> = []
    private var ports: [PortID: Port] = [:]
    private let groups = Groups()
    /// The sockets of the process before this one whose ports are not open yet.
    private var inherited: [PortID: InheritedSocket] = [:]
    /// Those of its groups, which are left when this process has joined them.
    private var inheritedGroups: [InheritedDescriptor] = []
    private var troubles: [UInt32: Errno] = [:] {
        didSet { if troubles != oldValue { tellTroubles() } }
    }
    /// What keeps groups from being joined, by interface.
    private var groupTroubles: [UInt32: Errno] = [:] {
        didSet { if groupTroubles != oldValue { tellTroubles() } }
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
    public func take(_ address: IPAddress, on index: UInt32) {
        handle(.take(address, on: index))
        // Nothing is sent yet where the pace holds it back, but requests are to be heard.
        _ = port(index, address.family)
        if case .v6(let address) = address { join(for: address, on: index) }
    }

    /// Falls silent about `address` on the interface with this index at once.
    public func release(_ address: IPAddress, on index: UInt32) {
        handle(.release(address, on: index))
        if case .v6(let address) = address { groups.leave(for: address, on: index) }
        if !announcer.hasClaims(on: index, of: address.family) { close(index, address.family) }
    }

    private func join(for address: IPv6Address, on index: UInt32) {
        guard hardwareAddresses[index] != nil else { return }
        do throws(Errno) {
            try groups.join(for: address, on: index)
            if !groupTroubles.isEmpty { groupTroubles[index] = nil }
        } catch {
            groupTroubles[index] = error
        }
    }

    private func tellTroubles() { onTrouble(troubles.merging(groupTroubles) { port, _ in port }) }

    /// Answers what was asked before now, as far as it fits into a moment.
    public func answerWaiting() {
        for (_, port) in ports.sorted(by: { $0.key < $1.key }) { port.receiveWaiting() }
    }

    /// Announces all claims anew.
    public func announceAll() {
        handle(.announceAll)
    }

    /// Announces a claimed address once, at once.
    public func defend(_ address: IPAddress, on index: UInt32) {
        handle(.defend(address, on: index))
    }

    /// Tells which interfaces there are; replaces what was told before. Leave out those that are down: what is claimed on an
    /// interface that comes back is announced anew.
    public func update(interfaces: [Interface]) {
        let current = Dictionary(interfaces.map { ($0.index, $0.hardwareAddress) }) { $1 }
        let radios = Set(interfaces.filter(\.isWireless).map(\.index))
        // They are opened anew below, as it suits them.
        for index in radios.symmetricDifference(wireless) { Self.families.forEach { close(index, $0) } }
        wireless = radios
        let gone = hardwareAddresses.keys.filter { current[$0] == nil }.sorted()
        hardwareAddresses = current
        for index in gone {
            for family in Self.families { close(index, family) }
            groups.leaveAll(on: index)
            groupTroubles[index] = nil
            handle(.interface(index, nil))
        }
        for (index, address) in current.sorted(by: { $0.key < $1.key }) {
            handle(.interface(index, address))
            for family in Self.families { _ = port(index, family) }
            for case .v6(let address) in announcer.claims(on: index) { join(for: address, on: index) }
        }
        // What was not opened now is on an interface that is down or gone; what waits in it would be answered too late.
        inherited = [:]
        inheritedGroups = []
    }

    /// Hears requests for the addresses of `ranges` only; replaces what was heard before. Nothing is heard until then.
    public func listen(for ranges: [AddressRange]) {
        let wanted: [AddressFamily: Filter] = [.ipv4: Filter(for: ranges), .ipv6: .solicitations(for: ranges)]
        guard wanted != filters else { return }
        filters = wanted
        for (id, port) in ports.sorted(by: { $0.key < $1.key }) {
            do throws(Errno) {
                try port.setFilter(filter(id.family))
            } catch {
                report(error, id.interfaceIndex)
            }
        }
    }

    private func filter(_ family: AddressFamily) -> Filter {
        switch family {
        case .ipv4: filters[family] ?? Filter(for: [])
        case .ipv6: filters[family] ?? .solicitations(for: [])
        }
    }

    // MARK: Over a restart

    /// What the service manager calls the socket of an interface, such as `arp-2`, and those of groups, such as `mld-0`.
    private static let storedPrefixes: [(family: AddressFamily, prefix: String)] = [(.ipv4, "arp-"), (.ipv6, "ndp-")]
    private static let storedGroupPrefix = "mld-"

    /// Has the service manager keep the sockets open: what is asked until the next process is up waits in them.
    public func bequeath() {
        for (id, port) in ports.sorted(by: { $0.key < $1.key }) {
            guard let prefix = Self.storedPrefixes.first(where: { $0.family == id.family })?.prefix else { continue }
            ServiceManager.store(port.descriptor, name: "\(prefix)\(id.interfaceIndex)")
        }
        for (number, descriptor) in groups.descriptors.enumerated() {
            ServiceManager.store(descriptor, name: "\(Self.storedGroupPrefix)\(number)")
        }
    }

    /// Takes over a socket that the process before this one left with the service manager, if it is one of ours. It is
    /// read once its interface is known and has a claim on it.
    public func adopt(_ descriptor: consuming FileDescriptor, storedAs name: String) {
        ServiceManager.unstore(name: name)
        guard !name.hasPrefix(Self.storedGroupPrefix) else {
            inheritedGroups.append(InheritedDescriptor(descriptor))
            return
        }
        guard let (family, prefix) = Self.storedPrefixes.first(where: { name.hasPrefix($0.prefix) }),
            let index = UInt32(name.dropFirst(prefix.count))
        else { return }
        do throws(Errno) {
            inherited[PortID(interfaceIndex: index, family: family)] = InheritedSocket(
                try PacketSocket(adopting: descriptor, etherType: family.etherType, interfaceIndex: index))
        } catch {
            report(error, index)
        }
    }

    private func socket(_ id: PortID) throws(Errno) -> PacketSocket {
        let socket = try opened(id)
        guard wireless.contains(id.interfaceIndex) else { return socket }
        do throws(Errno) {
            try socket.takeEverything(on: id.interfaceIndex)
        } catch {
            // Some chips hear enough without.
            report(error, id.interfaceIndex)
        }
        return socket
    }

    private func opened(_ id: PortID) throws(Errno) -> PacketSocket {
        guard let socket = inherited.removeValue(forKey: id)?.take() else {
            return try PacketSocket(
                etherType: id.family.etherType, interfaceIndex: id.interfaceIndex,
                filter: filter(id.family).instructions)
        }
        if let filter = filters[id.family] { try socket.setFilter(filter.instructions) }
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

    private func send(_ frame: Frame, on index: UInt32) {
        guard !isMuted else { return }
        guard let port = port(index, frame.family) else {
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

    /// The interface's port for this family, opened now where it is needed and can be.
    private func port(_ index: UInt32, _ family: AddressFamily) -> Port? {
        let id = PortID(interfaceIndex: index, family: family)
        if let port = ports[id] { return port }
        guard hardwareAddresses[index] != nil, announcer.hasClaims(on: index, of: family) else { return nil }
        do throws(Errno) {
            let port = try Port(
                loop, index: index, socket: try socket(id),
                handler: { [unowned self] frame in handle(.received(frame, on: index)) },
                onError: { [unowned self] error in report(error, index) })
            ports[id] = port
            return port
        } catch {
            report(error, index)
            return nil
        }
    }

    private func close(_ index: UInt32, _ family: AddressFamily) {
        ports[PortID(interfaceIndex: index, family: family)] = nil
        if !troubles.isEmpty { troubles[index] = nil }
    }

    private func report(_ error: Errno, _ index: UInt32) {
        if !Self.passing.contains(error.code) { troubles[index] = error }
    }
}

extension Frame {
    fileprivate var family: AddressFamily {
        switch self {
        case .arp: .ipv4
        case .ndp: .ipv6
        }
    }
}
