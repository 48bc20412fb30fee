import ARP
import NetLink
import Wire

/// Whether it is this node that is cut off, where all others have fallen silent at once.
///
/// The gateway of each interface that addresses are answered on is asked by ARP: whoever hears neither the others nor a gateway
/// has clients no more, while the others serve them. Such a node answers nothing and takes nothing over. A node that
/// hears a gateway serves on, and so does one whose networks have none.
struct Isolation {
    /// How often the gateways are asked by one that is cut off.
    private static let askPeriod = Duration.seconds(1)
    /// After that, others are not yet heard whose addresses are only seemingly free. For so long is nothing taken over,
    private static let holdTime = Duration.seconds(3)
    /// or, once another has told who has what and the gossip reaches all, until each owner has had the time for a few beats.
    private static let informedHoldTime = Duration.milliseconds(300)

    private enum State: Hashable {
        /// Others are heard, or none is known.
        case inCompany
        /// Nobody is heard, and it is not known yet whether a gateway is.
        case inDoubt
        /// Neither another node nor a gateway is heard.
        case cutOff
        /// A gateway is heard, or none is known.
        case alone
    }

    /// What follows for this node.
    enum Consequence: Hashable {
        case nothing
        /// It serves on, and may take over.
        case servesOn
        /// It is cut off.
        case isCutOff
        /// It was cut off.
        case isBack
    }

    private var state = State.inCompany
    /// The questions that have not been answered.
    private var questions: Set<ARP.Question> = []
    /// The gateways that were asked last.
    private(set) var gateways: [Gateway] = []
    private var askAt: Instant?
    private var heldUntil: Instant?
    private var informedUntil: Instant?
    private var returnsUntil: Instant?
    /// Whether it was cut off until just now: not all others hear it yet.
    var isReturning: Bool { returnsUntil != nil }

    /// Whether neither another node nor a gateway is heard.
    var isCutOff: Bool { state == .cutOff }

    /// Whether it has come back and takes nothing over yet.
    var isHolding: Bool { heldUntil != nil }

    /// Whether this node is to take nothing over for now.
    var isHeldBack: Bool { state == .inDoubt || state == .cutOff || isHolding }

    /// Others are known, and none is heard any more. Returns whether the gateways are to be asked now.
    mutating func loseOthers() -> Bool {
        guard state == .inCompany else { return false }
        state = .inDoubt
        return true
    }

    /// Another node is heard.
    mutating func hearSomebody(at now: Instant) -> Consequence { leave(for: .inCompany, at: now) }

    /// Takes the gateways, to be asked now; `hasInterfaces` where there is an interface that could lead to one. Returns what to
    /// ask.
    mutating func take(
        _ gateways: [Gateway], hasInterfaces: Bool, at now: Instant
    ) -> (questions: [ARP.Question], consequence: Consequence) {
        guard isInDoubtOrCutOff else { return ([], .nothing) }
        guard hasInterfaces else { return ([], hearNobody(at: now)) }
        self.gateways = gateways.isEmpty ? self.gateways : gateways
        guard !gateways.isEmpty else { return ([], leave(for: .alone, at: now)) }
        questions = Set(gateways.map { ARP.Question(.v4($0.address), on: $0.interfaceIndex) })
        return (questions.sorted(), .nothing)
    }

    /// Takes what has come of a question, whoever asked it.
    mutating func take(_ report: ARP.Resolver.Report, at now: Instant) -> Consequence {
        guard isInDoubtOrCutOff else { return .nothing }
        switch report {
        case .answered(let question, by: _):
            return questions.contains(question) ? leave(for: .alone, at: now) : .nothing
        case .failed(let question):
            // That says nothing about the gateway.
            guard questions.remove(question) != nil, questions.isEmpty else { return .nothing }
            return leave(for: .alone, at: now)
        case .ended(let question, answers: let answers):
            guard answers.isEmpty, questions.remove(question) != nil, questions.isEmpty else { return .nothing }
            return hearNobody(at: now)
        }
    }

    /// An interface has come back. Where nobody was heard without it, what others have may seem free.
    mutating func linkIsBack(at now: Instant) {
        if state != .inCompany { hold(at: now) }
    }

    /// Another node has told who has what, since this one is back.
    mutating func hearAnswer(at now: Instant) {
        if heldUntil != nil, informedUntil == nil { informedUntil = now.advanced(by: Self.informedHoldTime) }
    }

    private mutating func hold(at now: Instant) {
        heldUntil = now.advanced(by: Self.holdTime)
        informedUntil = nil
    }

    /// Whether it is not known yet if a gateway is heard, where nobody else is.
    var isInDoubt: Bool { state == .inDoubt }

    /// Whether no other node is heard, and that is not this node's fault, as far as it can tell.
    var isAlone: Bool { state == .alone }

    /// Whether the gateways are asked for this node's own sake.
    var isInDoubtOrCutOff: Bool { state == .inDoubt || state == .cutOff }

    private mutating func hearNobody(at now: Instant) -> Consequence {
        askAt = now.advanced(by: Self.askPeriod)
        defer { state = .cutOff }
        return state == .cutOff ? .nothing : .isCutOff
    }

    private mutating func leave(for new: State, at now: Instant) -> Consequence {
        let old = state
        state = new
        questions = []
        askAt = nil
        switch old {
        case .inDoubt: return .servesOn
        case .cutOff:
            hold(at: now)
            returnsUntil = heldUntil
            return .isBack
        case .inCompany, .alone: return .nothing
        }
    }

    /// What is wrong, for people.
    var problem: String? { isCutOff ? "cut off: \(silence), so this node answers for nothing" : nil }

    /// Who is not heard.
    var silence: String {
        guard !gateways.isEmpty else { return "no other node is heard, and no interface is up" }
        let names = gateways.map(\.address.description).joined(separator: ", ")
        return "no other node is heard, and the gateway \(names) does not answer"
    }

    // MARK: What is due

    /// Whether the gateways are to be asked again.
    mutating func isToAsk(at now: Instant) -> Bool {
        guard let due = askAt, due <= now else { return false }
        // Unless there is an answer.
        askAt = now.advanced(by: Self.askPeriod)
        return true
    }

    /// Once the time for that is over, things may be taken over again; sooner where the gossip reaches all that are known, so that
    /// the group `isWhole`.
    mutating func endHoldIfDue(isWhole: Bool, at now: Instant) {
        let isInformed = isWhole && informedUntil.map { $0 <= now } ?? false
        if let due = heldUntil, due <= now || isInformed { heldUntil = nil }
        if let due = returnsUntil, due <= now { returnsUntil = nil }
    }

    var nextDeadline: Instant? { [askAt, heldUntil, informedUntil, returnsUntil].compactMap { $0 }.min() }
}
