import ARP
import Wire

/// Now and then asks by ARP or NDP for an address that another node answers for, as a client would, to tell that node whether it was
/// heard: it cannot know that itself.
struct Inspection {
    /// One address in so long, in turn.
    static let period = Duration.seconds(10)
    /// Where nobody answers it is asked again, and then for the next one, after so long.
    static let repeatPeriod = Duration.seconds(2)
    /// How much the period varies, so that the nodes do not ask at a time.
    private static let jitter = 0.3
    /// For so long after any answer is it known that answers are heard at all.
    private static let hearingTime = Duration.seconds(60)

    /// What is being asked, and about whom.
    struct Subject: Hashable {
        var question: ARP.Question
        var owner: String
    }

    private(set) var subject: Subject?
    private(set) var dueAt: Instant?
    /// The address that was asked for last.
    private(set) var last: IPAddress?
    /// It is to be asked for again, or next.
    private(set) var wanted: IPAddress?
    private var heardAt: Instant?
    /// The last address for which nobody answered, and how often in a row.
    private var missed: (address: IPAddress, times: Int)?

    /// Begins, unless it has.
    mutating func begin(at now: Instant, using rng: inout PRNG) {
        if dueAt == nil { dueAt = now.advanced(by: rng.jittered(Self.period, by: Self.jitter)) }
    }

    /// Somebody wants to know about this address soon.
    mutating func want(_ address: IPAddress, at now: Instant) {
        guard let due = dueAt else { return }
        wanted = address
        dueAt = min(due, now.advanced(by: Self.repeatPeriod / 2))
    }

    /// Takes up what is due: `subject`, or nothing where there is nobody to ask about.
    mutating func ask(_ new: Subject?, at now: Instant, using rng: inout PRNG) {
        subject = new
        wanted = nil
        if let new { last = new.question.address }
        dueAt = now.advanced(by: rng.jittered(Self.period, by: Self.jitter))
    }

    /// Takes what has come of a question, whoever asked it. Returns what there is to tell the owner.
    mutating func take(
        _ report: ARP.Resolver.Report, at now: Instant
    ) -> (owner: String, question: ARP.Question, finding: Finding)? {
        switch report {
        case .answered:
            heardAt = now
            return nil
        case .failed(let question):
            if question == subject?.question { subject = nil }
            return nil
        case .ended(let question, answers: let answers):
            guard let subject, subject.question == question else { return nil }
            self.subject = nil
            let before = missed.map { $0.address == question.address ? $0.times : 0 } ?? 0
            missed = answers.isEmpty ? (question.address, before + 1) : nil
            let isHearing = heardAt.map { $0.duration(to: now) <= Self.hearingTime } ?? false
            return (
                subject.owner, question, Finding(address: question.address, isHearing: isHearing, stations: answers)
            )
        }
    }

    /// How often in a row nobody has answered for `address`, where that was the last.
    func misses(of address: IPAddress) -> Int { missed.map { $0.address == address ? $0.times : 0 } ?? 0 }

    /// Nobody has answered: asks once more where that is the first time, and goes on to the next address soon.
    mutating func repeatSoon(_ address: IPAddress?, at now: Instant) {
        wanted = address
        dueAt = now.advanced(by: Self.repeatPeriod)
    }
}
