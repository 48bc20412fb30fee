public import Wire

/// Keeps a picture of the machine's links and addresses from what rtnetlink says (RFC 3549): a dump of the links, then
/// one of the addresses, into a fresh table, so that what vanished unheard is gone; then notifications, until messages
/// are lost and the dumps start again.
public struct Session: Sendable {
    /// What happens to a session.
    public enum Event: Hashable, Sendable {
        /// The socket is open and hears the groups; the first event.
        case started
        /// A datagram from the kernel.
        case received(ArraySlice<UInt8>)
        /// Messages were lost: ENOBUFS, or a datagram that did not fit its buffer.
        case overrun
        /// The instant of the last `Directive.wake` has come; also harmless at any other time.
        case timer
    }

    /// What a session asks of its shell.
    public enum Directive: Hashable, Sendable {
        /// Send this to the kernel.
        case request([UInt8])
        /// `interfaces` may have changed. Never before the first dump is complete.
        case changed
        /// A link's frames take another way: announce every address anew, on whatever link. The kernel tells it of a bond and
        /// of the VLANs on it, and not of a bridge that the bond is a port of. Never before the first dump is complete.
        case notifyPeers
        /// Send `Event.timer` at this instant; replaces the instant asked for before.
        case wake(at: Instant)
        /// Tell of this; the session goes on by itself.
        case failed(NetLinkError)
    }

    /// How long a dump may take before it is asked for again.
    static let dumpTimeout = Duration.seconds(5)
    /// The wait after a dump that the kernel refused.
    static let retryDelay = Duration.seconds(1)
    /// The dumps that may follow on each other at once while the kernel's tables change under them.
    static let repeatsAtOnce = 8
    /// The wait once that many have.
    static let repeatDelay = Duration.milliseconds(100)

    /// The number of messages dropped because they were not what their type asks for.
    public private(set) var malformedMessages: UInt64 = 0
    /// Whether a dump has been complete once.
    public private(set) var isComplete = false

    private var table = Table()
    private var dump: Dump?
    private var sequence: UInt32 = 0
    private var repeats = 0
    /// When a dump begins, unless this one is done by then.
    private var dumpAt: Instant?

    /// A session that knows nothing yet.
    public init() {}

    /// Every interface, ascending by index; empty until `isComplete`.
    public var interfaces: [Interface] { table.interfaces }

    /// Takes an event in and gives what is to be done about it, in order.
    public mutating func handle(_ event: Event, at now: Instant, using rng: inout PRNG) -> [Directive] {
        switch event {
        case .started:
            return startDump(at: now)
        case .received(let datagram):
            return receive(datagram, at: now)
        case .overrun:
            return overrun(at: now)
        case .timer:
            guard let dumpAt else { return [] }
            guard now >= dumpAt else { return [.wake(at: dumpAt)] }
            let unanswered = dump.map { [Directive.failed(.unanswered(request: $0.subject))] } ?? []
            return unanswered + startDump(at: now)
        }
    }

    private mutating func startDump(at now: Instant) -> [Directive] {
        sequence &+= 1
        dump = Dump(sequence: sequence)
        return [.request(Message.linkDump(sequence: sequence).bytes), wake(at: now.advanced(by: Self.dumpTimeout))]
    }

    private mutating func wake(at instant: Instant) -> Directive {
        dumpAt = instant
        return .wake(at: instant)
    }

    /// The kernel refuses a new dump before the old one is done, so that one is read to its end first.
    private mutating func overrun(at now: Instant) -> [Directive] {
        guard dump == nil else {
            dump?.isInterrupted = true
            return []
        }
        return startDump(at: now)
    }

    private mutating func receive(_ datagram: ArraySlice<UInt8>, at now: Instant) -> [Directive] {
        var reader = ByteReader(datagram)
        var directives: [Directive] = []
        var hasChanged = false
        var notifiesPeers = false
        do throws(WireError) {
            while let message = try Message.next(in: &reader) {
                switch message.type {
                case Message.Kind.done, Message.Kind.error:
                    directives += end(message, at: now, &hasChanged)
                case Message.Kind.overrun:
                    directives += overrun(at: now)
                default:
                    guard let change = change(in: message) else { continue }
                    hasChanged = apply(change, of: message) || hasChanged
                    notifiesPeers = notifiesPeers || change.notifiesPeers
                }
            }
        } catch {
            malformedMessages += 1
        }
        guard isComplete else { return directives }
        if hasChanged { directives.append(.changed) }
        if notifiesPeers { directives.append(.notifyPeers) }
        return directives
    }

    /// What `message` tells; nil also where it is not what its type asks for.
    private mutating func change(in message: Message) -> Change? {
        do throws(WireError) {
            return try Change(message)
        } catch {
            malformedMessages += 1
            return nil
        }
    }

    /// True where `change`, which `message` told, changed what is told to the outside: not before a dump is complete.
    private mutating func apply(_ change: Change, of message: Message) -> Bool {
        // Between a first dump that was refused and the next one there is nothing yet to change.
        guard dump != nil else { return isComplete && table.apply(change) }
        dump?.apply(change, of: message)
        return false
    }

    /// NLMSG_DONE or NLMSG_ERROR. Either may bear an error number, negative, as its first 4 bytes.
    private mutating func end(_ message: Message, at now: Instant, _ hasChanged: inout Bool) -> [Directive] {
        guard let ended = dump, message.sequence == ended.sequence else { return [] }
        var reader = ByteReader(message.payload)
        let status = Int32(bitPattern: (try? reader.readNative(UInt32.self)) ?? 0)
        guard status >= 0 else {
            dump = nil
            return [
                .failed(.refused(request: ended.subject, code: -max(status, -Int32.max))),
                wake(at: now.advanced(by: Self.retryDelay)),
            ]
        }
        guard message.type == Message.Kind.done else { return [] }
        guard !ended.isInterrupted, !message.flags.contains(.dumpInterrupted) else {
            return repeatDump(at: now)
        }
        guard ended.phase == .addresses else {
            sequence &+= 1
            dump?.beginAddresses(sequence: sequence)
            return [
                .request(Message.addressDump(sequence: sequence).bytes), wake(at: now.advanced(by: Self.dumpTimeout)),
            ]
        }
        table = ended.table
        dump = nil
        dumpAt = nil
        repeats = 0
        isComplete = true
        hasChanged = true
        return []
    }

    private mutating func repeatDump(at now: Instant) -> [Directive] {
        repeats += 1
        guard repeats >= Self.repeatsAtOnce else { return startDump(at: now) }
        repeats = 0
        dump = nil
        return [wake(at: now.advanced(by: Self.repeatDelay))]
    }
}
