public import EventLoop
internal import Glibc
public import System
public import Wire

/// A BFD session with its sockets.
public final class BFDTransport {
    /// The ports to send from (RFC 5881 section 4); the first that is free of a few chosen by chance.
    private static let sourcePorts: ClosedRange<UInt16> = 49_152...65_535
    private static let portTries = 16
    private static let hopLimit: UInt8 = 255

    /// The session, for those who look.
    public private(set) var session: BFD.Session
    /// Told what the session has found out.
    public var onReport: (BFD.Report) -> Void = { _ in }

    private let peer: SocketAddress
    private let source: IPAddress?
    private let id: Int
    private let loop: Loop
    private let port: BFDPort
    private var rng: PRNG
    private var timer: EventLoop.Timer?
    private var sender: Sender?
    private var events = Mailbox<BFD.Event>()

    private final class Sender {
        let socket: UDPSocket
        init(at address: SocketAddress) throws(Errno) {
            socket = try UDPSocket(at: address)
            try socket.setHopLimit(BFDTransport.hopLimit)
        }
    }

    /// The session with `peer` over `port`, not begun yet; packets go from `source`, where that is set.
    ///
    /// - Throws: `Errno` where the kernel has no random numbers, or the loop takes no timer.
    public init(
        _ settings: BFD.Settings, with peer: IPAddress, from source: IPAddress?, over port: BFDPort, loop: Loop
    ) throws(Errno) {
        self.peer = SocketAddress(peer, port: port.number)
        self.source = source
        self.loop = loop
        self.port = port
        rng = PRNG(seed: try Random.seed())
        id = Int(truncatingIfNeeded: rng.next())
        session = BFD.Session(settings, discriminator: UInt32(truncatingIfNeeded: rng.next()))
        // A packet that is late may look like one that never came.
        timer = try loop.timer(priority: -50) { [unowned self] in handle(.timer) }
    }

    deinit { port.ignore(peer.address, as: id) }

    /// Hands an event to the session.
    public func handle(_ event: BFD.Event) {
        if event == .start {
            port.listen(to: peer.address, as: id) { [unowned self] bytes, hopLimit in
                handle(.received(bytes, hopLimit: hopLimit))
            }
        }
        events.append(event)
        while let event = events.begin() {
            for directive in session.handle(event, at: loop.now, using: &rng) { carryOut(directive) }
            events.end()
        }
    }

    private func carryOut(_ directive: BFD.Directive) {
        switch directive {
        case .send(let bytes): send(bytes)
        case .wake(at: let instant): timer?.arm(at: instant)
        case .report(let report): onReport(report)
        }
    }

    /// Sends a packet. One that cannot be sent is one that is lost: the other side will tell.
    private func send(_ bytes: [UInt8]) {
        if sender == nil { sender = makeSender() }
        do throws(Errno) {
            try sender?.socket.send(bytes, to: peer)
        } catch {
            // Where the address that it is bound to is gone, another socket may do.
            if error.code != EAGAIN, error.code != ENOBUFS, error.code != ECONNREFUSED { sender = nil }
        }
    }

    private func makeSender() -> Sender? {
        let any: IPAddress =
            peer.address.family == .ipv4 ? .v4(IPv4Address(rawValue: 0)) : .v6(IPv6Address(high: 0, low: 0))
        for _ in 0..<Self.portTries {
            let number = UInt16.random(in: Self.sourcePorts, using: &rng)
            if let sender = try? Sender(at: SocketAddress(source ?? any, port: number)) { return sender }
        }
        return nil
    }
}
