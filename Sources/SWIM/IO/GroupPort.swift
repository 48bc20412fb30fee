internal import EventLoop
internal import System
internal import Wire

/// Hears what is sent to a multicast group by the interfaces that it is told of. It shares its number with the port of the
/// members, and so must be opened after it.
///
/// What comes all the time need not wake the process each time. After something has come, the next is read when somebody asks
/// for it, or a little later, and told with its age.
final class GroupPort {
    private let loop: Loop
    private let rest: Duration
    private let group: SocketAddress
    private let onDatagram: (ArraySlice<UInt8>, SocketAddress, Duration) -> Void
    private var timer: Timer?
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
            try datagrams.tellAges()
        }

        deinit {
            // Before the socket that it borrows is closed.
            source = nil
        }
    }

    /// A port that hears nothing yet of what goes to `group`. For as long as `rest`, after something was read, nobody is woken
    /// for more. What comes goes to `onDatagram`, with its source and age.
    ///
    /// - Throws: `Errno` where the loop takes no timer.
    init(
        _ loop: Loop, group: SocketAddress, rest: Duration,
        onDatagram: @escaping (ArraySlice<UInt8>, SocketAddress, Duration) -> Void
    ) throws(Errno) {
        self.loop = loop
        self.group = group
        self.rest = rest
        self.onDatagram = onDatagram
        timer = try loop.timer { [unowned self] in
            if !receive() { socket?.source?.resume() }
        }
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
                receive()
            }
            socket = opened
        } catch {
            socket = nil
        }
    }

    /// Takes what waits, up to a limit. Returns whether there was anything.
    @discardableResult
    func receive() -> Bool {
        var isEmpty = true
        for _ in 0..<TransportLimit.datagramsPerTurn {
            guard let socket, let reception = try? socket.datagrams.receive(into: &incoming) else { break }
            isEmpty = false
            // The socket has the group's address: what is sent to it by other interfaces comes as well.
            guard interfaces.contains(reception.interfaceIndex) else { continue }
            onDatagram(incoming[..<reception.count], reception.source, reception.age)
        }
        guard !isEmpty else { return false }
        socket?.source?.suspend()
        timer?.arm(at: loop.now.advanced(by: rest))
        return true
    }
}
