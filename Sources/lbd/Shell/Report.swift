import Balancer
import EventLoop
import Wire

/// What people see of the daemon: lines in the journal, and the one line that `systemctl status` shows.
final class Report {
    private let loop: Loop
    private let journal = Journal()
    /// The status line as the service manager knows it.
    private(set) var shown = ""
    private var balancerStatus = "starting"
    /// What is in trouble at present, in words.
    private(set) var problems: [Problem: String] = [:]
    private var last: (message: String, at: Instant)?

    /// A part of the Shell that can be in trouble; what it says stands in front of the status line until it is mended. The
    /// worst first.
    enum Problem: Int, Comparable {
        case progress
        case settings
        case kubeconfig
        case answering
        case placement
        case pools
        case gossipPort
        case gossipSecret
        case gossipUnreadable
        case bgpPort
        case bfdPort
        case state
        case statusSocket

        static func < (left: Problem, right: Problem) -> Bool {
            left.rawValue < right.rawValue
        }

        /// What its line in the journal is catalogued as.
        var messageID: MessageID {
            switch self {
            case .progress: .noProgress
            case .settings: .settingsRefused
            case .kubeconfig: .kubeconfigUnusable
            case .answering: .cannotAnswer
            case .placement: .cannotPlace
            case .pools: .poolsFileUnusable
            case .gossipPort: .gossipPortUnusable
            case .gossipSecret: .gossipSecretUnusable
            case .gossipUnreadable: .gossipUnreadable
            case .bgpPort: .bgpPortUnusable
            case .bfdPort: .bfdPortUnusable
            case .state: .stateNotKept
            case .statusSocket: .statusUnavailable
            }
        }
    }

    /// A report whose times are those of `loop`.
    init(loop: Loop) {
        self.loop = loop
    }

    /// Writes a line of the Balancer's.
    func record(_ record: Record) {
        let fields = [
            ("LBD_SERVICE", record.service), ("LBD_ADDRESS", record.address), ("LBD_NODE", record.node),
            ("LBD_INTERFACE", record.interface),
        ]
        send(
            record.priority, record.message, record.id.rawValue,
            fields: fields.compactMap { name, value in value.map { (name, $0) } })
    }

    /// The Balancer's part of the status line.
    func status(_ text: String) {
        balancerStatus = text
        show()
    }

    /// Tells of a problem once, and keeps it in the status line; nil says that it is mended.
    func problem(_ part: Problem, _ text: String?) {
        let old = problems[part]
        guard old != text else { return }
        problems[part] = text
        if let text {
            warn(text, part.messageID)
        } else if let old {
            send(.notice, "solved: \(old)", MessageID.problemSolved.rawValue)
        }
        show()
    }

    /// Writes a warning about something that has no place in the status line: it passes, or nothing waits for it.
    func warn(_ text: String, _ id: MessageID? = nil) {
        send(.warning, text, id?.rawValue)
    }

    /// Writes a line that asks for nothing.
    func inform(_ text: String, _ id: MessageID? = nil) {
        send(.info, text, id?.rawValue)
    }

    /// The problems as they are now, the worst first.
    var problemTexts: [String] { problems.sorted { $0.key < $1.key }.map(\.value) }

    /// The last warning or error; nil where there was none.
    var lastError: NodeStatus.LastError? {
        last.map { last in
            NodeStatus.LastError(
                message: last.message, secondsAgo: Int(last.at.duration(to: loop.now).components.seconds))
        }
    }

    private func send(
        _ priority: Record.Priority, _ message: String, _ id: String?, fields: [(name: String, value: String)] = []
    ) {
        if priority.rawValue <= Record.Priority.warning.rawValue { last = (message, loop.now) }
        journal.send(priority: priority.rawValue, message: message, messageID: id, fields: fields)
    }

    private func show() {
        // A line break would begin another assignment in what the service manager is told.
        let text = printable((problemTexts + [balancerStatus]).joined(separator: "; "))
        guard text != shown else { return }
        shown = text
        ServiceManager.status(text)
    }
}
