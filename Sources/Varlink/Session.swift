public import Wire

/// One client's connection, seen from the server (https://varlink.org/Method-Call): calls are answered one after the
/// other, in their order, and no more is read before a reply has been taken, so that a connection never holds more than one.
public struct Session: Sendable {
    /// What happens to a session.
    public enum Event: Hashable, Sendable {
        /// The client has connected; the first event.
        case opened
        /// Bytes came.
        case received([UInt8])
        /// The client will send nothing more.
        case ended
        /// The reply to the call that `Directive.answer` gave out.
        case answered(Reply)
        /// All that `Directive.send` gave out has left.
        case sent
        /// The instant asked for by the last `Directive.wake` has come.
        case timer
    }

    /// What a session asks of its Shell, to be carried out in order.
    public enum Directive: Hashable, Sendable {
        /// Tell the reply to a call of one of the server's own methods by `Event.answered`.
        case answer(Call)
        /// Send these bytes; tell by `Event.sent` when they have left.
        case send([UInt8])
        /// Send `Event.timer` at this instant; replaces the instant asked for before.
        case wake(at: Instant)
        /// Close the connection; nothing follows.
        case close(Ending)
    }

    /// Why a connection is closed.
    public enum Ending: Hashable, Sendable {
        /// The client has nothing more to say.
        case done
        /// What it sent is no call, or a longer one than `Limit.callBytes`.
        case malformed
        /// It was silent, or took no reply, for `Limit.idle`.
        case idle
        /// The reply is longer than `Limit.replyBytes`.
        case oversizedReply
    }

    private enum State: Hashable {
        /// Waits for a call.
        case listening
        /// A call is with the Shell.
        case answering
        /// A reply is on its way.
        case sending
        /// Over.
        case closed
    }

    private let info: ServerInfo
    private var state = State.listening
    private var buffer = DelimitedBuffer(delimiter: 0, limitBytes: Limit.callBytes)
    /// Whole messages that came with one that is not answered yet.
    private var waiting: ArraySlice<[UInt8]> = []
    private var hasEnded = false
    private var deadline = Instant.zero
    private var directives: [Directive] = []

    /// The session of a client of the server `info`, before its first event.
    public init(_ info: ServerInfo) {
        self.info = info
    }

    /// Whether the Shell is to read from the connection now.
    public var wantsBytes: Bool { state == .listening && !hasEnded }

    /// Takes one event and says what to do about it.
    public mutating func handle(_ event: Event, at now: Instant, using rng: inout PRNG) -> [Directive] {
        guard state != .closed else { return [] }
        switch event {
        case .opened:
            deadline = now.advanced(by: Limit.idle)
            directives.append(.wake(at: deadline))
        case .received(let bytes):
            waiting += buffer.append(bytes)
        case .ended:
            hasEnded = true
        case .answered(let reply):
            if state == .answering { send(reply, at: now) }
        case .sent:
            if state == .sending { listen(at: now) }
        case .timer:
            if deadline <= now { close(.idle) } else { directives.append(.wake(at: deadline)) }
        }
        takeCalls(at: now)
        defer { directives = [] }
        return directives
    }

    private mutating func listen(at now: Instant) {
        state = .listening
        deadline = now.advanced(by: Limit.idle)
    }

    private mutating func takeCalls(at now: Instant) {
        while state == .listening, let message = waiting.popFirst() { take(message, at: now) }
        guard state == .listening else { return }
        if buffer.isOverflowing { close(.malformed) } else if hasEnded { close(.done) }
    }

    private mutating func take(_ message: [UInt8], at now: Instant) {
        guard let call = try? Call(message: message) else { return close(.malformed) }
        // Methods only tell something: a call whose reply nobody wants asks for nothing.
        guard !call.isOneway else { return listen(at: now) }
        if let reply = info.reply(to: call) {
            send(reply, at: now)
        } else {
            state = .answering
            directives.append(.answer(call))
        }
    }

    private mutating func send(_ reply: Reply, at now: Instant) {
        let message = reply.message
        guard message.count <= Limit.replyBytes else { return close(.oversizedReply) }
        state = .sending
        deadline = now.advanced(by: Limit.idle)
        directives.append(.send(message))
    }

    private mutating func close(_ ending: Ending) {
        state = .closed
        waiting = []
        directives.append(.close(ending))
    }
}
