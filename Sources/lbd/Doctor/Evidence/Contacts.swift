import EventLoop
internal import Glibc
import System
import Wire

/// Connects to the TCP ports of several peers at once, sends nothing, and tells how far it came.
final class Contacts {
    /// How long a peer may take: three tries of the kernel's, which are one and two seconds apart.
    private static let patience = Duration.milliseconds(3_500)
    /// Peers that are tried; more are not.
    static let limit = 128

    private let loop: Loop
    private var timer: EventLoop.Timer?
    private var tries: [SocketAddress: Try] = [:]
    /// How each ended.
    private(set) var outcomes: [SocketAddress: GossipCheck.Outcome] = [:]

    /// Contacts that are not begun.
    init(loop: Loop) throws(Errno) {
        self.loop = loop
        timer = try loop.timer { [unowned self] in giveUp() }
    }

    /// Whether nothing is waited for any more.
    var isDone: Bool { tries.isEmpty }

    /// Begins to connect to `peers`.
    func start(_ peers: [SocketAddress]) {
        for peer in Set(peers).sorted().prefix(Self.limit) {
            do throws(Errno) {
                tries[peer] = try Try(loop, peer) { [unowned self] outcome in end(peer, outcome) }
            } catch {
                outcomes[peer] = .silent(reason: error.reason)
            }
        }
        timer?.arm(at: loop.now.advanced(by: Self.patience))
    }

    private func end(_ peer: SocketAddress, _ outcome: GossipCheck.Outcome) {
        outcomes[peer] = outcome
        tries[peer] = nil
    }

    private func giveUp() {
        for peer in tries.keys { outcomes[peer] = .silent(reason: "no answer") }
        tries = [:]
    }
}

/// One connection under way.
private final class Try {
    private let socket: TCPSocket
    private let onEnd: (GossipCheck.Outcome) -> Void
    private var source: IOSource?

    init(_ loop: Loop, _ peer: SocketAddress, onEnd: @escaping (GossipCheck.Outcome) -> Void) throws(Errno) {
        self.onEnd = onEnd
        socket = try TCPSocket(connectingTo: peer)
        source = try loop.watch(socket.rawValue, for: .writable) { [unowned self] _ in finish() }
    }

    deinit {
        // Before the socket that it borrows is closed.
        source = nil
    }

    private func finish() {
        source?.end()
        do throws(Errno) {
            try socket.finishConnecting()
            onEnd(.connected)
        } catch {
            onEnd(error.code == ECONNREFUSED ? .refused : .silent(reason: error.reason))
        }
    }
}
