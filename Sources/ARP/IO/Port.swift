internal import EventLoop
internal import System
internal import Wire

/// Which port it is, where there is one for each interface and family of addresses.
struct PortID: Hashable {
    var interfaceIndex: UInt32
    var family: AddressFamily
}

/// One interface's packet socket: hears what the filter lets through, and sends frames.
final class Port {
    /// The most frames that are taken at once: far more than wait on a busy LAN, and done in a few milliseconds.
    private static let waitingLimit = 256

    private static let types: Set<PacketSocket.PacketType> = [.broadcast, .host, .multicast]

    private let index: UInt32
    private let socket: PacketSocket
    private let handler: (ArraySlice<UInt8>) -> Void
    private let onError: (Errno) -> Void
    private var source: IOSource?
    private var incoming = [UInt8](repeating: 0, count: NeighborFrame.maximumLength)
    private var outgoing = ByteWriter(capacity: NeighborFrame.maximumLength)

    /// A port on the interface `index` of `loop`, with its `socket`; `handler` gets each frame, `onError` what goes wrong in
    /// receiving.
    init(
        _ loop: Loop, index: UInt32, socket: consuming PacketSocket, handler: @escaping (ArraySlice<UInt8>) -> Void,
        onError: @escaping (Errno) -> Void
    ) throws(Errno) {
        self.index = index
        self.handler = handler
        self.onError = onError
        self.socket = socket
        source = try loop.watch(self.socket.rawValue, for: .readable) { [unowned self] _ in
            receive()
        }
    }

    deinit {
        // Before the socket that it borrows is closed.
        source = nil
    }

    /// The socket's number, to be kept over the end of the process.
    var descriptor: Int32 { socket.rawValue }

    func setFilter(_ filter: Filter) throws(Errno) {
        try socket.setFilter(filter.instructions)
    }

    func send(_ frame: Frame) throws(Errno) {
        outgoing.removeAll()
        frame.write(to: &outgoing)
        try socket.send(outgoing.bytes)
    }

    /// Takes what waits, up to `waitingLimit` frames.
    func receiveWaiting() {
        for _ in 0..<Self.waitingLimit where !receive() { break }
    }

    /// Takes one frame: the loop calls again while more wait, others get their turn in between, and an answer is out
    /// without another system call before it.
    ///
    /// - Returns: Whether there was one.
    @discardableResult
    private func receive() -> Bool {
        do throws(Errno) {
            guard let reception = try socket.receive(into: &incoming) else { return false }
            // A frame of a VLAN comes in by the interface below it as well, and a promiscuous interface hears what is
            // meant for others.
            guard reception.interfaceIndex == index, Self.types.contains(reception.packetType) else { return true }
            handler(incoming[..<reception.count])
            return true
        } catch {
            onError(error)
            return false
        }
    }
}
