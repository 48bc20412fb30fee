internal import EventLoop
internal import System
internal import Wire

/// One TCP connection to a peer: tells what becomes of it, hands over what comes, and sends what it is given.
final class Stream {
    /// What becomes of a connection.
    enum News {
        /// It stands, which it did not when it was begun; this host has this address.
        case connected(IPAddress)
        /// It could not be made: why, in words. It is closed.
        case failed(String)
        /// Bytes have come.
        case received(ArraySlice<UInt8>)
        /// All that was to be sent has gone to the kernel.
        case drained
        /// The other side has closed it, or it broke: why, in words. It is closed.
        case closed(String?)
        /// It was to end, and has.
        case finished
    }

    /// What is read at once. A peer that floods fills its own buffers beyond that.
    private static let chunkBytes = 1 << 16
    /// How long what was sent last may take to be out and to be read, once the connection is to end.
    private static let linger = Duration.seconds(1)

    private enum Phase {
        case connecting
        case open
        /// What waits goes out, then the other side is told that this was all, and may close.
        case ending
        case closed
    }

    private let socket: TCPSocket
    private let loop: Loop
    private let tell: (News) -> Void
    private var source: IOSource?
    private var timer: Timer?
    private var phase: Phase
    private var interest: Readiness
    private var outgoing: ArraySlice<UInt8> = []
    private var hasFinishedSending = false
    private var buffer = [UInt8](repeating: 0, count: Stream.chunkBytes)

    /// A connection that was begun on `socket`, or that stands where it `isConnected`.
    init(_ socket: consuming TCPSocket, isConnected: Bool, loop: Loop, tell: @escaping (News) -> Void) {
        self.socket = socket
        phase = isConnected ? .open : .connecting
        interest = isConnected ? .readable : .writable
        self.loop = loop
        self.tell = tell
    }

    deinit {
        // Before the socket that it borrows is closed.
        source = nil
    }

    /// Begins. Apart from `init`, since Swift 6.0's optimizer crashes on an initializer that takes a socket over and throws.
    ///
    /// - Throws: `Errno` where the loop takes no more sources.
    func open() throws(Errno) {
        source = try loop.watch(socket.rawValue, for: interest) { [unowned self] _ in serve() }
    }

    /// Sends `bytes` behind those before; `News.drained` follows, never from within.
    func send(_ bytes: [UInt8]) {
        guard phase == .open else { return }
        outgoing += bytes
        watch()
    }

    /// Ends the connection once what was to be sent is out and read, or a second later; `News.finished` follows, from within
    /// where nothing waits. A connection that is closed while something that came has not been read is reset, and the other
    /// side may then never see what was sent last: so that is waited for.
    func finish() {
        guard phase == .open else { return end(.finished) }
        phase = .ending
        do throws(Errno) {
            timer = try loop.timer { [unowned self] in end(.finished) }
            timer?.arm(at: loop.now.advanced(by: Self.linger))
            try flush()
        } catch {
            end(.finished)
        }
    }

    private func end(_ news: News) {
        guard phase != .closed else { return }
        phase = .closed
        source?.end()
        source = nil
        timer = nil
        outgoing = []
        tell(news)
    }

    private func serve() {
        do throws(Errno) {
            switch phase {
            case .connecting: try connect()
            case .open, .ending: try exchange()
            case .closed: break
            }
        } catch {
            let isMade = phase != .connecting
            end(phase == .ending ? .finished : isMade ? .closed(error.reason) : .failed(error.reason))
        }
    }

    private func connect() throws(Errno) {
        try socket.finishConnecting()
        let address = try socket.localAddress().address
        phase = .open
        watch()
        tell(.connected(address))
    }

    /// Sends before it receives: an answer to what came is not held up by what comes next.
    private func exchange() throws(Errno) {
        try flush()
        guard phase != .closed, let count = try socket.receive(into: &buffer) else { return }
        guard count > 0 else { return end(phase == .ending ? .finished : .closed(nil)) }
        // Who is to go is not listened to any more.
        if phase == .open { tell(.received(buffer[..<count])) }
    }

    /// Sends what the kernel takes.
    private func flush() throws(Errno) {
        let hadSome = !outgoing.isEmpty
        while !outgoing.isEmpty {
            let count = try socket.send(outgoing)
            guard count > 0 else { return watch() }
            outgoing = outgoing.dropFirst(count)
        }
        outgoing = []
        watch()
        if phase == .ending, !hasFinishedSending {
            hasFinishedSending = true
            try socket.finishSending()
        }
        if phase == .open, hadSome { tell(.drained) }
    }

    private func watch() {
        let wanted: Readiness = outgoing.isEmpty ? .readable : [.readable, .writable]
        guard wanted != interest, let source else { return }
        interest = wanted
        do throws(Errno) { try source.watch(for: wanted) } catch { end(.closed(error.reason)) }
    }
}
