public import Wire

/// Asks who has an address (RFC 826, RFC 4861 section 7.2.2), as a host that wants to send to it would, and tells who answers.
///
/// A question is asked until there is an answer, a few times at most, from the node's own address on that network. Where it
/// has none of IPv4, it probes (RFC 5227 section 1.1); of IPv6 it cannot ask: who has no address is answered with all others.
/// Only what is sent to this node alone counts: whoever announces an address to all need not answer for it.
public struct Resolver: Sendable {
    /// How often a question is asked where nobody answers.
    public static let requestCount = 5
    /// Between two requests.
    public static let requestInterval = Duration.milliseconds(50)
    /// For so long after the last request are answers waited for.
    public static let patience = Duration.milliseconds(100)
    /// Questions at once; one more has failed.
    static let questionLimit = 64
    /// Stations that answer one question; more do not count.
    static let answerLimit = 4

    /// An interface as its network sees it.
    public struct Station: Hashable, Sendable {
        /// Its Ethernet address.
        public var hardwareAddress: MACAddress
        /// The addresses it bears, with their prefix lengths.
        public var addresses: [Prefix]

        /// An interface with these addresses.
        public init(_ hardwareAddress: MACAddress, addresses: [Prefix]) {
            self.hardwareAddress = hardwareAddress
            self.addresses = addresses
        }
    }

    /// What happens to a resolver.
    public enum Event: Hashable, Sendable {
        /// All interfaces that frames can leave by, by index; replaces what was told before.
        case interfaces([UInt32: Station])
        /// Ask. What is being asked already is not asked twice.
        case ask(Question)
        /// The frame of the last `Directive.send` for this question could not be sent.
        case unsent(Question)
        /// A whole Ethernet frame came in on the interface with this index.
        case received(ArraySlice<UInt8>, on: UInt32)
        /// The instant of the last `Directive.wake` has come; also harmless at any other time.
        case timer
    }

    /// What has come of a question.
    public enum Report: Hashable, Sendable {
        /// This station says that it has the address; told at once, of each station once.
        case answered(Question, by: MACAddress)
        /// The time to answer is over, and these stations did, in the order of their answers.
        case ended(Question, answers: [MACAddress])
        /// It could not be asked.
        case failed(Question)
    }

    /// What a resolver asks of its shell, to be carried out in order.
    public enum Directive: Hashable, Sendable {
        /// Send the frame on the question's interface.
        case send(Frame, for: Question)
        /// Send `Event.timer` at this instant; replaces the instant asked for before.
        case wake(at: Instant)
        /// Tell whoever has asked.
        case report(Report)
    }

    /// A question under way.
    private struct Inquiry {
        var sentCount = 0
        var unsentCount = 0
        /// When to ask again.
        var nextRequestAt: Instant?
        var endsAt: Instant
        var answers: [MACAddress] = []

        var nextDeadline: Instant { nextRequestAt ?? endsAt }
    }

    private var stations: [UInt32: Station] = [:]
    private var inquiries: [Question: Inquiry] = [:]
    private var wakeAt: Instant?

    /// A resolver that knows no interface.
    public init() {}

    /// Whether answers are waited for on the interface with this index.
    public func isAsking(on index: UInt32) -> Bool { inquiries.keys.contains { $0.interfaceIndex == index } }

    /// Takes an event in and gives what is to be done about it, in order.
    public mutating func handle(_ event: Event, at now: Instant) -> [Directive] {
        var directives: [Directive] = []
        switch event {
        case .interfaces(let stations):
            self.stations = stations
        case .ask(let question):
            guard inquiries[question] == nil else { return [] }
            guard inquiries.count < Self.questionLimit else { return [.report(.failed(question))] }
            inquiries[question] = Inquiry(nextRequestAt: now, endsAt: now)
            act(at: now, &directives)
        case .unsent(let question):
            inquiries[question]?.unsentCount += 1
        case .received(let bytes, on: let index):
            hear(bytes, on: index, &directives)
        case .timer:
            wakeAt = nil
            act(at: now, &directives)
        }
        return directives
    }

    /// Asks what is due, and ends what is over. The reports come last: what they tell may cause the next question at once.
    private mutating func act(at now: Instant, _ directives: inout [Directive]) {
        var reports: [Directive] = []
        defer { directives += reports }
        for (question, inquiry) in inquiries.sorted(by: { $0.key < $1.key }) where inquiry.nextDeadline <= now {
            if inquiry.nextRequestAt != nil {
                request(question, at: now, &directives)
            } else {
                inquiries[question] = nil
                let isAsked = inquiry.sentCount > inquiry.unsentCount
                reports.append(
                    .report(isAsked ? .ended(question, answers: inquiry.answers) : .failed(question)))
            }
        }
        guard let next = inquiries.values.map(\.nextDeadline).min(), next != wakeAt else { return }
        wakeAt = next
        directives.append(.wake(at: next))
    }

    private mutating func request(_ question: Question, at now: Instant, _ directives: inout [Directive]) {
        guard var inquiry = inquiries[question] else { return }
        inquiry.nextRequestAt = nil
        inquiry.endsAt = now.advanced(by: Self.patience)
        if let station = stations[question.interfaceIndex],
            let frame = Frame.question(who: question.address, from: station)
        {
            inquiry.sentCount += 1
            if inquiry.sentCount < Self.requestCount {
                inquiry.nextRequestAt = now.advanced(by: Self.requestInterval)
            }
            directives.append(.send(frame, for: question))
        }
        inquiries[question] = inquiry
    }

    /// Takes an answer; what is none is dropped.
    private mutating func hear(_ bytes: ArraySlice<UInt8>, on index: UInt32, _ directives: inout [Directive]) {
        guard let own = stations[index]?.hardwareAddress, let frame = try? Frame(bytes),
            let (address, sender) = frame.answer(to: own)
        else { return }
        let question = Question(address, on: index)
        guard sender != own, sender != .zero, !sender.isMulticast, var inquiry = inquiries[question],
            !inquiry.answers.contains(sender), inquiry.answers.count < Self.answerLimit
        else { return }
        inquiry.answers.append(sender)
        // Who else answers does so as soon as the first.
        inquiry.nextRequestAt = nil
        inquiries[question] = inquiry
        directives.append(.report(.answered(question, by: sender)))
    }
}
