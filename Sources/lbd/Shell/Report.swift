import Balancer
import EventLoop

/// What people see of the daemon: lines in the journal, and the one line that `systemctl status` shows.
final class Report {
    private let journal = Journal()
    private var shown = ""
    private var balancerStatus = "starting"
    /// What is in trouble at present, in words.
    private(set) var problems: [Problem: String] = [:]

    /// A part of the Shell that can be in trouble; what it says stands in front of the status line until it is mended.
    enum Problem: Int, Comparable {
        case kubeconfig
        case pools
        case state

        static func < (left: Problem, right: Problem) -> Bool {
            left.rawValue < right.rawValue
        }
    }

    /// Writes a line of the Balancer's.
    func record(_ record: Record) {
        let fields = [
            ("LBD_SERVICE", record.service), ("LBD_ADDRESS", record.address), ("LBD_NODE", record.node),
            ("LBD_INTERFACE", record.interface),
        ]
        journal.send(
            priority: record.priority.rawValue, message: record.message, messageID: record.id.rawValue,
            fields: fields.compactMap { name, value in value.map { (name, $0) } })
    }

    /// The Balancer's part of the status line.
    func status(_ text: String) {
        balancerStatus = text
        show()
    }

    /// Tells of a problem once, and keeps it in the status line; nil says that it is mended.
    func problem(_ part: Problem, _ text: String?) {
        guard problems[part] != text else { return }
        problems[part] = text
        if let text {
            warn(text)
        }
        show()
    }

    /// Writes a warning about something that passes, so that it has no place in the status line.
    func warn(_ text: String) {
        journal.send(priority: Record.Priority.warning.rawValue, message: text, messageID: nil)
    }

    private func show() {
        let texts = problems.sorted { $0.key < $1.key }.map(\.value) + [balancerStatus]
        let text = texts.joined(separator: "; ")
        guard text != shown else { return }
        shown = text
        ServiceManager.status(text)
    }
}
