internal import EventLoop
internal import System
internal import Wire

/// One TCP connection: sends what it is given, and gathers the message that comes, within limits.
final class Stream {
    /// Whom it goes to, or comes from.
    let peer: SocketAddress

    private let socket: TCPSocket
    private let loop: Loop
    private let onMessage: (Result<StreamReader.Reading, SWIMError>) -> Void
    private let onEnd: (Bool) -> Void
    private var source: IOSource?
    private var timer: Timer?
    private var isConnecting: Bool
    private var interest = Readiness.readable
    private var reader: StreamReader
    private var outgoing: ArraySlice<UInt8> = []
    /// Whether the connection ends once all is sent.
    private(set) var isEnding = false
    private var buffer = [UInt8](repeating: 0, count: TransportLimit.chunkBytes)

    /// A connection on `socket`, which is still `isConnecting` where this host has begun it. What comes is put together by
    /// `reader`; `onMessage` gets the message, or why there is none. `onEnd` is called once, when the connection has ended by
    /// itself: all is sent, the other side has closed or broken it, or its time is over. It is told whether the connection
    /// ever stood.
    init(
        _ socket: consuming TCPSocket, isConnecting: Bool, loop: Loop, reader: StreamReader,
        onMessage: @escaping (Result<StreamReader.Reading, SWIMError>) -> Void, onEnd: @escaping (Bool) -> Void
    ) {
        peer = socket.peer
        self.socket = socket
        self.isConnecting = isConnecting
        self.loop = loop
        self.reader = reader
        self.onMessage = onMessage
        self.onEnd = onEnd
    }

    /// Begins; at `deadline` it ends. Apart from `init`, since Swift 6.0's optimizer crashes on an initializer that takes a
    /// socket over and throws.
    ///
    /// - Throws: `Errno` where the loop takes no more sources.
    func open(until deadline: Instant) throws(Errno) {
        interest = isConnecting ? .writable : .readable
        let timer = try loop.timer { [unowned self] in end() }
        timer.arm(at: deadline)
        self.timer = timer
        source = try loop.watch(socket.rawValue, for: interest) { [unowned self] _ in serve() }
    }

    deinit {
        // Before the socket that it borrows is closed.
        source = nil
    }

    /// Sends `bytes` once it can; where `isLast`, the connection ends after them.
    func send(_ bytes: [UInt8], isLast: Bool) {
        outgoing += bytes
        isEnding = isLast
        guard !isConnecting else { return }
        do throws(Errno) { try flush() } catch { end() }
    }

    /// Ends it without a word to `onEnd`.
    func close() {
        source?.end()
        source = nil
        timer = nil
        outgoing = []
    }

    private func end() {
        guard source != nil else { return }
        close()
        onEnd(!isConnecting)
    }

    private func serve() {
        do throws(Errno) {
            if isConnecting {
                try socket.finishConnecting()
                isConnecting = false
            }
            if !outgoing.isEmpty { return try flush() }
            guard let count = try socket.receive(into: &buffer) else { return updateInterest() }
            guard count > 0 else { return end() }
            read(buffer[..<count])
        } catch {
            end()
        }
    }

    private func read(_ piece: ArraySlice<UInt8>) {
        do throws(SWIMError) {
            guard let reading = try reader.append(piece) else { return }
            onMessage(.success(reading))
        } catch {
            onMessage(.failure(error))
        }
    }

    /// Sends what the kernel takes.
    private func flush() throws(Errno) {
        while !outgoing.isEmpty {
            let count = try socket.send(outgoing)
            guard count > 0 else { return updateInterest() }
            outgoing = outgoing.dropFirst(count)
        }
        outgoing = []
        if isEnding { return end() }
        updateInterest()
    }

    private func updateInterest() {
        let wanted: Readiness = outgoing.isEmpty ? .readable : .writable
        guard wanted != interest, let source else { return }
        interest = wanted
        do throws(Errno) { try source.watch(for: wanted) } catch { end() }
    }
}
