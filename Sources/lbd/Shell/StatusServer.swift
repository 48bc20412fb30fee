import EventLoop
import System
import Varlink
import Wire

/// Tells how things stand to whoever connects to the socket `io.lbd` in the runtime folder: in Varlink, so that
/// varlinkctl(1) can ask as well as `lbd status`. For root, the daemon's own user and the group `adm`, who may read the
/// journal too.
final class StatusServer {
    /// Connections at once; one more is closed at once.
    static let maximumConnections = 8
    /// How long to wait where the process has no descriptor left for a connection.
    private static let pause = Duration.seconds(1)

    /// What has been counted since the start.
    struct Counters: Hashable {
        /// Connections accepted.
        var connections = 0
        /// Those closed since there were too many.
        var refusedConnections = 0
        /// Calls of methods of our own.
        var calls = 0
        /// Connections that ended, by why.
        var endings: [Session.Ending: Int] = [:]
    }

    /// What has been counted since the start.
    private(set) var counters = Counters()

    private let listener: UnixListener
    private let loop: Loop
    private let status: () -> NodeStatus
    private var source: IOSource?
    private var timer: Timer?
    private var connections: [Int: StatusConnection] = [:]

    /// Listens in `folder`, which is made where it is missing; `status` is asked at each call.
    ///
    /// - Throws: `Errno` where the folder or the socket cannot be made.
    init(folder: String, loop: Loop, status: @escaping () -> NodeStatus) throws(Errno) {
        try Folder.make(folder, mode: 0o755)
        listener = try UnixListener(path: "\(folder)/\(StatusInterface.socketName)", mode: 0o660, group: "adm")
        self.loop = loop
        self.status = status
        timer = try loop.timer { [unowned self] in resume() }
        try watch()
    }

    deinit {
        // Before the socket that it borrows is closed.
        source = nil
    }

    private func watch() throws(Errno) {
        source = try loop.watch(listener.rawValue, for: .readable) { [unowned self] _ in accept() }
    }

    private func resume() {
        do throws(Errno) { try watch() } catch { timer?.arm(at: loop.now.advanced(by: Self.pause)) }
    }

    private func accept() {
        do throws(Errno) {
            guard let socket = try listener.accept() else { return }
            guard connections.count < Self.maximumConnections else {
                counters.refusedConnections += 1
                return
            }
            counters.connections += 1
            let number = counters.connections
            let connection = StatusConnection(
                socket, loop: loop, answer: { [unowned self] call in reply(to: call) },
                onEnd: { [unowned self] ending in
                    counters.endings[ending, default: 0] += 1
                    connections[number] = nil
                })
            try connection.open()
            connections[number] = connection
        } catch {
            // The connection goes on waiting, and the loop would call again at once.
            source?.end()
            source = nil
            timer?.arm(at: loop.now.advanced(by: Self.pause))
        }
    }

    private func reply(to call: Call) -> Reply {
        counters.calls += 1
        return StatusInterface.reply(to: call, status: status)
    }
}
