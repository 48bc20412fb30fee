import KubeWatch
import Wire

/// What the server does not let us read and write, each told once until it is allowed.
struct Refusals {
    private enum Subject: Hashable {
        case kind(Kind)
        case statuses
        case controllerLease
        case nodeLease
        case secret
        case events

        init?(_ errand: Errand) {
            switch errand {
            case .status: self = .statuses
            case .controllerLease: self = .controllerLease
            case .nodeLease: self = .nodeLease
            case .secret: self = .secret
            case .event: self = .events
            case .relist: return nil
            }
        }

        /// The beginning of what is told.
        var problem: String {
            switch self {
            case .kind(let kind): "cannot read \(kind.rawValue)s"
            case .statuses: "cannot write the status of Services"
            case .controllerLease: "cannot write the Lease lbd-controller"
            case .nodeLease: "cannot write this node's Lease"
            case .secret: "cannot make the Secret of the gossip"
            case .events: "cannot write Events"
            }
        }
    }

    private enum Cause {
        case forbidden
        case noNamespace
        case rejected
    }

    private struct Refusal {
        var cause: Cause
        var problem: String
        var id: Record.MessageID
        /// When to tell; nil once that is done.
        var tellAt: Instant?
    }

    /// An API server that has just started refuses for a moment what it will allow: nothing is told before it had the time
    /// to be asked again.
    private static let grace = Duration.seconds(6)
    /// What to do about a permission that is missing.
    private static let mend = "give lbd its permissions by `lbd enroll`"

    private var refusals: [Subject: Refusal] = [:]

    // MARK: Reading

    /// The server does not let us list or watch `kind`.
    mutating func forbidden(_ kind: Kind, _ message: String, at now: Instant) {
        note(.kind(kind), .forbidden, "\(message); \(Self.mend)", .readRefused, at: now)
    }

    /// All of `kind` is known.
    mutating func synced(_ kind: Kind) {
        refusals[.kind(kind)] = nil
    }

    // MARK: Writing

    mutating func note(_ errand: Errand, _ outcome: Outcome, at now: Instant) {
        guard let subject = Subject(errand) else { return }
        switch outcome {
        case .done:
            refusals[subject] = nil
        case .forbidden(let message):
            note(subject, .forbidden, "\(message); \(Self.mend)", .writeRefused, at: now)
        case .rejected(let status, let message) where subject != .events:
            note(subject, .rejected, "HTTP status \(status), \(message)", .writeRefused, at: now)
        case .notFound where [.controllerLease, .nodeLease, .secret].contains(subject):
            let reason = "its namespace does not exist; make it by `lbd enroll`"
            note(subject, .noNamespace, reason, .writeRefused, at: now)
        case .rejected, .notFound, .conflict, .busy, .unanswered:
            break
        }
    }

    /// The server's words name one object of many, so the cause says whether something is new, not they.
    private mutating func note(
        _ subject: Subject, _ cause: Cause, _ reason: String, _ id: Record.MessageID, at now: Instant
    ) {
        guard refusals[subject]?.cause != cause else { return }
        refusals[subject] = Refusal(
            cause: cause, problem: "\(subject.problem): \(reason)", id: id, tellAt: now.advanced(by: Self.grace))
    }

    // MARK: Telling

    /// Tells what has lasted; all there is where the daemon ends.
    mutating func act(isEnding: Bool = false, in turn: inout Turn) {
        let due = refusals.filter { $0.value.tellAt.map { isEnding || $0 <= turn.now } ?? false }
        for (subject, refusal) in due.sorted(by: { $0.value.problem < $1.value.problem }) {
            refusals[subject]?.tellAt = nil
            turn.record(.error, refusal.id, refusal.problem)
        }
    }

    /// What is refused at present.
    var problems: [String] {
        refusals.values.filter { $0.tellAt == nil }.map(\.problem).sorted()
    }

    var nextDeadline: Instant? { refusals.values.compactMap(\.tellAt).min() }
}
