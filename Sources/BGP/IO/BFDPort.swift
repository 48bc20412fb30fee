public import EventLoop
internal import Glibc
public import System
internal import Wire

/// A UDP port that BFD's packets come to: one for all sessions over one hop, another for those over several (RFC 5881
/// section 4, RFC 5883 section 5). While it cannot be opened, because another program has it, it is tried again and again.
public final class BFDPort {
    /// The longest packet that is looked at, in bytes: longer ones than any that can be (RFC 5880 section 4.1).
    private static let packetBytes = 256
    /// How many packets are taken at once, before others have their turn.
    private static let packetsPerTurn = 64
    /// How long to wait before the port is tried again.
    private static let pause = Duration.seconds(5)

    /// A packet's bytes, and the TTL or hop limit that it came with.
    public typealias Handler = (ArraySlice<UInt8>, UInt8) -> Void

    /// The open port.
    private final class Opening {
        let socket: UDPSocket
        var source: IOSource?

        init(_ port: UInt16) throws(Errno) {
            let any4 = IPAddress.v4(IPv4Address(rawValue: 0))
            do throws(Errno) {
                socket = try UDPSocket(at: SocketAddress(.v6(IPv6Address(high: 0, low: 0)), port: port))
            } catch {
                // A host without IPv6.
                guard error.code == EAFNOSUPPORT || error.code == EADDRNOTAVAIL else { throw error }
                socket = try UDPSocket(at: SocketAddress(any4, port: port))
            }
            try socket.tellHopLimits()
        }

        deinit {
            // Before the socket that it borrows is closed.
            source = nil
        }
    }

    /// Told why the port cannot be opened, and nil when it can.
    public var onTrouble: (String?) -> Void = { _ in }

    /// Its number.
    public let number: UInt16

    private let loop: Loop
    private var opening: Opening?
    private var timer: Timer?
    private var handlers: [IPAddress: (id: Int, handler: Handler)] = [:]
    private var buffer = [UInt8](repeating: 0, count: BFDPort.packetBytes)

    /// The port `number`, not opened before somebody listens.
    ///
    /// - Throws: `Errno` where the loop takes no timer.
    public init(_ number: UInt16, loop: Loop) throws(Errno) {
        self.loop = loop
        self.number = number
        timer = try loop.timer { [unowned self] in open() }
    }

    /// Hands what comes from `peer` to `handler` from now on, and to nobody else; what comes from others is dropped.
    func listen(to peer: IPAddress, as id: Int, _ handler: @escaping Handler) {
        handlers[peer] = (id, handler)
        if opening == nil { open() }
    }

    /// Ends what `listen` began under the number `id`.
    func ignore(_ peer: IPAddress, as id: Int) {
        guard handlers[peer]?.id == id else { return }
        handlers[peer] = nil
        guard handlers.isEmpty else { return }
        opening = nil
        timer?.disarm()
    }

    private func open() {
        guard opening == nil, !handlers.isEmpty else { return }
        do throws(Errno) {
            let fresh = try Opening(number)
            // Above others: a packet that waits behind them may look like one that never came.
            fresh.source = try loop.watch(fresh.socket.rawValue, for: .readable, priority: -50) { [unowned self] _ in
                receive()
            }
            opening = fresh
            onTrouble(nil)
        } catch {
            onTrouble("\(error)")
            timer?.arm(at: loop.now.advanced(by: Self.pause))
        }
    }

    private func receive() {
        for _ in 0..<Self.packetsPerTurn {
            guard let opening else { return }
            do throws(Errno) {
                guard let reception = try opening.socket.receive(into: &buffer) else { return }
                handlers[reception.source.address]?.handler(buffer[..<reception.count], reception.hopLimit)
            } catch {
                // What became of a packet that was sent: nothing is sent here.
                continue
            }
        }
    }
}
