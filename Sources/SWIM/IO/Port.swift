internal import EventLoop
internal import Glibc
internal import System
internal import Wire

/// The port that members send to: UDP and TCP by one number. While it cannot be opened, because another program has it, it is
/// tried again and again.
final class Port {
    /// The two sockets of an open port, and what waits for them.
    private final class Sockets {
        let datagrams: UDPSocket
        let listener: TCPListener
        var sources: [IOSource] = []
        /// By which what goes to groups is sent for now.
        var groupInterface: UInt32?

        init(at address: SocketAddress) throws(Errno) {
            datagrams = try UDPSocket(at: address)
            // Where any port will do, it is still the same for both.
            listener = try TCPListener(at: SocketAddress(address.address, port: datagrams.address.port))
        }

        deinit {
            // Before the sockets that they borrow are closed.
            sources = []
        }
    }

    private let loop: Loop
    private let wanted: SocketAddress
    private let onDatagram: (ArraySlice<UInt8>, SocketAddress) -> Void
    private let onConnection: (consuming TCPSocket) -> Void
    private let onTrouble: (Errno?) -> Void
    private var sockets: Sockets?
    private var timer: Timer?
    private var incoming = [UInt8](repeating: 0, count: TransportLimit.datagramBytes)

    /// The port at `address`, not opened yet. What comes goes to `onDatagram` and `onConnection`; `onTrouble` hears why it
    /// cannot be opened, and nil when it can.
    init(
        _ loop: Loop, at address: SocketAddress, onDatagram: @escaping (ArraySlice<UInt8>, SocketAddress) -> Void,
        onConnection: @escaping (consuming TCPSocket) -> Void, onTrouble: @escaping (Errno?) -> Void
    ) throws(Errno) {
        self.loop = loop
        wanted = address
        self.onDatagram = onDatagram
        self.onConnection = onConnection
        self.onTrouble = onTrouble
        timer = try loop.timer { [unowned self] in open() }
    }

    /// Where it listens; nil while it cannot.
    var address: SocketAddress? { sockets?.datagrams.address }

    /// Opens it, now or when it can be.
    func open() {
        do throws(Errno) {
            let opened: Sockets
            if let sockets { opened = sockets } else { opened = try Sockets(at: wanted) }
            // A descriptor can be watched once, and one of the two may be from before.
            opened.sources = []
            opened.sources = [
                try loop.watch(opened.datagrams.rawValue, for: .readable) { [unowned self] _ in receive(atMost: 1) },
                try loop.watch(opened.listener.rawValue, for: .readable) { [unowned self] _ in accept() },
            ]
            sockets = opened
            onTrouble(nil)
        } catch {
            onTrouble(error)
            timer?.arm(at: loop.now.advanced(by: TransportLimit.pause))
        }
    }

    /// Sends a datagram, if the port is open.
    ///
    /// - Throws: `Errno` where the kernel does not take it.
    func send(_ bytes: [UInt8], to address: SocketAddress) throws(Errno) {
        guard let sockets else { throw Errno(ENOTCONN, "send a datagram to \(address)") }
        try sockets.datagrams.send(bytes, to: address)
    }

    /// Sends a datagram to a multicast group by one interface, if the port is open.
    ///
    /// - Throws: `Errno` where the kernel does not take it.
    func send(_ bytes: [UInt8], to group: SocketAddress, by interfaceIndex: UInt32) throws(Errno) {
        guard let sockets else { throw Errno(ENOTCONN, "send a datagram to \(group)") }
        // Once, and not for each of the beats that go the same way.
        if sockets.groupInterface != interfaceIndex {
            try sockets.datagrams.setMulticastInterface(interfaceIndex)
            sockets.groupInterface = interfaceIndex
        }
        try sockets.datagrams.send(bytes, to: group)
    }

    /// Takes what waits, up to a limit. A port that is ready has one datagram, as a rule: to look for a second would cost as
    /// much as being called again where there is one.
    func receive(atMost limit: Int = TransportLimit.datagramsPerTurn) {
        for _ in 0..<limit {
            guard let sockets else { return }
            do throws(Errno) {
                guard let reception = try sockets.datagrams.receive(into: &incoming) else { return }
                onDatagram(incoming[..<reception.count], reception.source)
            } catch {
                // What became of a datagram that was sent: its receiver's silence tells as much.
                continue
            }
        }
    }

    private func accept() {
        do throws(Errno) {
            guard let socket = try sockets?.listener.accept() else { return }
            onConnection(socket)
        } catch {
            // The connection goes on waiting, and the loop would call again at once.
            sockets?.sources.last?.end()
            timer?.arm(at: loop.now.advanced(by: TransportLimit.pause))
        }
    }
}
