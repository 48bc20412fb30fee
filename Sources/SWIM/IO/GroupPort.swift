internal import EventLoop
internal import System
internal import Wire

/// Hears what is sent to a multicast group by the interfaces that it is told of. It shares its number with the port of the
/// members, and so must be opened after it.
final class GroupPort {
    private let loop: Loop
    private let group: SocketAddress
    private let onDatagram: (ArraySlice<UInt8>, SocketAddress) -> Void
    private var socket: Socket?
    private var interfaces: Set<UInt32> = []
    private var wanted: Set<UInt32> = []
    private var isOpen = false
    private var incoming = [UInt8](repeating: 0, count: TransportLimit.datagramBytes)

    private final class Socket {
        let datagrams: UDPSocket
        var source: IOSource?

        init(at address: SocketAddress) throws(Errno) {
            datagrams = try UDPSocket(at: address)
        }

        deinit {
            // Before the socket that it borrows is closed.
            source = nil
        }
    }

    /// A port that hears nothing yet of what goes to `group`.
    init(
        _ loop: Loop, group: SocketAddress, onDatagram: @escaping (ArraySlice<UInt8>, SocketAddress) -> Void
    ) {
        self.loop = loop
        self.group = group
        self.onDatagram = onDatagram
    }

    /// Begins.
    func open() {
        isOpen = true
        hear(on: wanted)
    }

    /// Hears the group by these interfaces alone from now on. One that cannot be heard by is left out, and tried again at the
    /// next call.
    func hear(on wanted: Set<UInt32>) {
        self.wanted = wanted
        // A group is left with the socket: what has joined on an interface that went and came is not known.
        guard isOpen, wanted != interfaces || socket == nil else { return }
        socket = nil
        interfaces = []
        guard !wanted.isEmpty else { return }
        do throws(Errno) {
            let opened = try Socket(at: group)
            for index in wanted.sorted() where (try? opened.datagrams.join(group.address, on: index)) != nil {
                interfaces.insert(index)
            }
            opened.source = try loop.watch(opened.datagrams.rawValue, for: .readable) { [unowned self] _ in
                receive(atMost: 1)
            }
            socket = opened
        } catch {
            socket = nil
        }
    }

    /// Takes what waits, up to a limit. A port that is ready has one datagram, as a rule: to look for a second would cost as
    /// much as being called again where there is one.
    func receive(atMost limit: Int = TransportLimit.datagramsPerTurn) {
        for _ in 0..<limit {
            guard let socket, let reception = try? socket.datagrams.receive(into: &incoming) else { return }
            // The socket has the group's address: what is sent to it by other interfaces comes as well.
            guard interfaces.contains(reception.interfaceIndex) else { continue }
            onDatagram(incoming[..<reception.count], reception.source)
        }
    }
}
