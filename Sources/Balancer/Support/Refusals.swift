import KubeWatch

/// Writes that the server does not let us do, each told once until one of its kind succeeds.
struct Refusals {
    private enum Subject: Int, Comparable {
        case statuses
        case controllerLease
        case nodeLease

        init?(_ errand: Errand) {
            switch errand {
            case .status: self = .statuses
            case .controllerLease: self = .controllerLease
            case .nodeLease: self = .nodeLease
            case .relist, .event: return nil
            }
        }

        var name: String {
            switch self {
            case .statuses: "the status of Services"
            case .controllerLease: "the Lease lbd-controller"
            case .nodeLease: "this node's Lease"
            }
        }

        static func < (left: Subject, right: Subject) -> Bool { left.rawValue < right.rawValue }
    }

    private var told: [Subject: String] = [:]

    mutating func note(_ errand: Errand, _ outcome: Outcome, in turn: inout Turn) {
        guard let subject = Subject(errand) else { return }
        switch outcome {
        case .done:
            told[subject] = nil
        case .forbidden(let message):
            tell(subject, "\(message); apply lbd's manifest for its permissions", in: &turn)
        case .rejected(let status, let message):
            tell(subject, "HTTP status \(status), \(message)", in: &turn)
        case .notFound where subject != .statuses:
            tell(subject, "its namespace does not exist; apply lbd's manifest", in: &turn)
        case .notFound, .conflict, .busy, .unanswered:
            break
        }
    }

    private mutating func tell(_ subject: Subject, _ reason: String, in turn: inout Turn) {
        let problem = "cannot write \(subject.name): \(reason)"
        guard told[subject] != problem else { return }
        told[subject] = problem
        turn.record(.error, .writeRefused, problem)
    }

    /// What is refused at present.
    var problems: [String] {
        told.sorted { $0.key < $1.key }.map(\.value)
    }
}
