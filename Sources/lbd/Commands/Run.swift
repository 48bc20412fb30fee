import Balancer
import EventLoop
internal import Glibc

/// `lbd run`: the daemon.
enum Run {
    /// Serves until a signal ends it. Returns the exit status.
    static func run(configuration path: String?) -> Int32 {
        let configuration: Configuration
        do {
            configuration = try Configuration.load(path)
        } catch {
            tell(error.diagnostics.map(\.description), .settingsRefused, errno: EINVAL)
            return ExitStatus.badConfiguration
        }
        do {
            return try Daemon(configuration, path: path).run()
        } catch {
            tell(["\(error)"], .cannotStart, errno: error.code)
            return ExitStatus.unavailable
        }
    }

    /// Says why the daemon cannot start: in the journal, and by the first line in what `systemctl status` shows.
    private static func tell(_ lines: [String], _ id: MessageID, errno: Int32) {
        let journal = Journal()
        for line in lines {
            journal.send(priority: Record.Priority.error.rawValue, message: line, messageID: id.rawValue)
        }
        ServiceManager.failed(printable(lines.first ?? ""), errno: errno)
        // It believes no process that has ended meanwhile.
        ServiceManager.synchronize(within: .seconds(1))
    }
}
