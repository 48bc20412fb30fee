public import EventLoop
public import System
public import Wire

/// Carries a `Survey`'s directives out: a packet socket on each interface, so that the host's own DHCP client, which has the
/// port, is not disturbed.
public final class Surveyor {
    /// What came of a survey.
    public struct Result: Hashable, Sendable {
        /// The offers, ascending.
        public var offers: [Offer]
        /// The interfaces, by index, on which nothing could be asked.
        public var unasked: [UInt32]
        /// Why the last one of them could not; nil where all could.
        public var error: Errno?

        /// A result.
        public init(offers: [Offer], unasked: [UInt32] = [], error: Errno? = nil) {
            self.offers = offers
            self.unasked = unasked
            self.error = error
        }
    }

    private let loop: Loop
    private let onEnd: (Result) -> Void
    private var survey = Survey()
    private var rng: PRNG
    private var timer: Timer?
    private var cleaner: Deferred?
    private var ports: [UInt32: Port] = [:]
    private var error: Errno?

    /// A surveyor that has asked nothing yet; what comes of the survey goes to `onEnd`, once.
    ///
    /// - Throws: `Errno` where the kernel has no random numbers, or the loop takes no timer.
    public init(loop: Loop, onEnd: @escaping (Result) -> Void) throws(Errno) {
        self.loop = loop
        self.onEnd = onEnd
        rng = PRNG(seed: try Random.seed())
        timer = try loop.timer { [unowned self] in handle(.timer) }
        // Not from where something is heard, which is in the very port.
        cleaner = try loop.deferred { [unowned self] in ports = [:] }
    }

    /// Asks on these interfaces, by index, each with its Ethernet address.
    public func start(on interfaces: [UInt32: MACAddress]) {
        handle(.start(interfaces))
    }

    private func handle(_ event: Survey.Event) {
        for directive in survey.handle(event, at: loop.now, using: &rng) {
            switch directive {
            case .send(let frame, on: let index): send(frame, on: index)
            case .wake(at: let instant): timer?.arm(at: instant)
            case .ended(let offers, let unasked):
                cleaner?.schedule()
                onEnd(Result(offers: offers, unasked: unasked, error: unasked.isEmpty ? nil : error))
            }
        }
    }

    private func send(_ frame: Frame, on index: UInt32) {
        do throws(Errno) {
            var writer = ByteWriter(capacity: 512)
            frame.write(to: &writer)
            try port(index).send(writer.bytes)
        } catch {
            self.error = error
            handle(.unsent(on: index))
        }
    }

    private func port(_ index: UInt32) throws(Errno) -> Port {
        if let port = ports[index] { return port }
        let port = try Port(loop, index) { [unowned self] frame in handle(.received(frame, on: index)) }
        ports[index] = port
        return port
    }
}

/// One interface's packet socket, which hears what servers tell clients.
private final class Port {
    private let index: UInt32
    private let socket: PacketSocket
    private let handler: (ArraySlice<UInt8>) -> Void
    private var source: IOSource?
    private var buffer = [UInt8](repeating: 0, count: Frame.maximumLength)

    init(_ loop: Loop, _ index: UInt32, handler: @escaping (ArraySlice<UInt8>) -> Void) throws(Errno) {
        self.index = index
        self.handler = handler
        socket = try PacketSocket(etherType: Frame.etherType, interfaceIndex: index, filter: Filter.replies)
        source = try loop.watch(socket.rawValue, for: .readable) { [unowned self] _ in receive() }
    }

    deinit {
        // Before the socket that it borrows is closed.
        source = nil
    }

    func send(_ frame: [UInt8]) throws(Errno) {
        try socket.send(frame)
    }

    private func receive() {
        // What cannot be heard is no offer.
        guard let reception = try? socket.receive(into: &buffer), reception.interfaceIndex == index else { return }
        handler(buffer[..<min(reception.count, buffer.count)])
    }
}
