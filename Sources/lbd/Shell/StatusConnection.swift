import EventLoop
import System
import Varlink
import Wire

/// One client of the `StatusServer`: a Varlink session on its socket.
final class StatusConnection {
    /// What one read takes at most.
    private static let bufferBytes = 16_384

    private let socket: UnixSocket
    private let loop: Loop
    private let answer: (Call) -> Reply
    private let onEnd: (Session.Ending) -> Void
    private var session = Session(StatusInterface.info)
    // The session draws nothing; the seed does not matter.
    private var rng = PRNG(seed: 0)
    private var source: IOSource?
    private var timer: Timer?
    private var interest = Readiness.readable
    private var incoming = [UInt8](repeating: 0, count: StatusConnection.bufferBytes)
    private var outgoing: ArraySlice<UInt8> = []
    private var events = Mailbox<Session.Event>()

    /// The client on `socket`; `answer` replies to its calls, `onEnd` is called once, when it is gone.
    init(
        _ socket: consuming UnixSocket, loop: Loop, answer: @escaping (Call) -> Reply,
        onEnd: @escaping (Session.Ending) -> Void
    ) {
        self.socket = socket
        self.loop = loop
        self.answer = answer
        self.onEnd = onEnd
    }

    /// Begins to serve it. Apart from `init`, since Swift 6.0's optimizer crashes on an initializer that takes a socket over
    /// and throws.
    ///
    /// - Throws: `Errno` where the loop takes no more sources.
    func open() throws(Errno) {
        timer = try loop.timer { [unowned self] in handle(.timer) }
        source = try loop.watch(socket.rawValue, for: .readable) { [unowned self] _ in serve() }
        handle(.opened)
    }

    deinit {
        // Before the socket that it borrows is closed.
        source = nil
    }

    private func serve() {
        do throws(Errno) {
            if !outgoing.isEmpty { return try flush() }
            guard session.wantsBytes, let count = try socket.receive(into: &incoming) else { return }
            handle(count > 0 ? .received(Array(incoming[..<count])) : .ended)
        } catch {
            end(.done)
        }
    }

    private func handle(_ event: Session.Event) {
        events.append(event)
        while let event = events.begin() {
            for directive in session.handle(event, at: loop.now, using: &rng) { carryOut(directive) }
            events.end()
        }
        if !events.isBusy { updateInterest() }
    }

    private func carryOut(_ directive: Session.Directive) {
        switch directive {
        case .answer(let call): handle(.answered(answer(call)))
        case .send(let message):
            outgoing = message[...]
            do throws(Errno) { try flush() } catch { end(.done) }
        case .wake(let instant): timer?.arm(at: instant)
        case .close(let ending): end(ending)
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
        handle(.sent)
    }

    /// While a reply waits for the client to take it, nothing more is read.
    private func updateInterest() {
        let wanted: Readiness = outgoing.isEmpty ? .readable : .writable
        guard wanted != interest, let source else { return }
        interest = wanted
        do throws(Errno) { try source.watch(for: wanted) } catch { end(.done) }
    }

    private func end(_ ending: Session.Ending) {
        guard let source else { return }
        source.end()
        self.source = nil
        timer = nil
        events.removeAll()
        outgoing = []
        onEnd(ending)
    }
}
