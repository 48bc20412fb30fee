import EventLoop
import Glibc
import Testing

/// A small HTTP/1.1 server on the loopback interface and on the test's own event loop.
final class LoopbackServer {
    /// A request as it came.
    struct Received {
        let method: String
        let path: String
        let headers: [String: String]
        let body: String
    }

    /// What to do with a request.
    enum Reply {
        /// A whole answer.
        case answer(Int, String, headers: [String] = [])
        /// The head of an endless answer and its first bytes.
        case stream(String)
        /// The beginning of an endless answer, then the end of the connection.
        case broken(String)
        /// Nothing, ever.
        case silence
    }

    private final class Peer {
        let socket: Int32
        var source: IOSource?
        var bytes: [UInt8] = []

        init(socket: Int32) {
            self.socket = socket
        }

        func send(_ text: String) {
            let bytes = Array(text.utf8)
            // The client may have gone already: what it then misses is its own affair.
            _ = Glibc.send(socket, bytes, bytes.count, Int32(MSG_NOSIGNAL))
        }
    }

    private let loop: Loop
    private let listener: Int32
    private var source: IOSource?
    private var peers: [Int32: Peer] = [:]
    private let respond: (Received) -> Reply

    /// What has been received.
    private(set) var requests: [Received] = []
    /// How many connections were accepted.
    private(set) var connections = 0
    /// How many were reset by the other side.
    private(set) var resets = 0
    /// The port that it listens on.
    let port: UInt16

    init(_ loop: Loop, _ respond: @escaping (Received) -> Reply) throws {
        self.loop = loop
        self.respond = respond
        let listener = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        self.listener = listener
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, size) == 0 && listen(listener, 64) == 0 && getsockname(listener, $0, &size) == 0
            }
        }
        port = UInt16(bigEndian: address.sin_port)
        try #require(bound)
        source = try loop.watch(listener, for: .readable) { [unowned self] _ in accept() }
    }

    deinit {
        source = nil
        for peer in peers.values {
            peer.source = nil
            close(peer.socket)
        }
        close(listener)
    }

    private func accept() {
        let socket = Glibc.accept(listener, nil, nil)
        guard socket >= 0 else { return }
        connections += 1
        let peer = Peer(socket: socket)
        peers[socket] = peer
        peer.source = try? loop.watch(socket, for: .readable) { [unowned self, unowned peer] _ in receive(peer) }
    }

    private func end(_ peer: Peer) {
        peer.source = nil
        peers[peer.socket] = nil
        close(peer.socket)
    }

    private func receive(_ peer: Peer) {
        var buffer = [UInt8](repeating: 0, count: 65536)
        let count = recv(peer.socket, &buffer, buffer.count, 0)
        guard count > 0 else {
            if count < 0, errno == ECONNRESET { resets += 1 }
            end(peer)
            return
        }
        peer.bytes += buffer[..<count]
        while let request = Self.take(from: &peer.bytes) {
            requests.append(request)
            switch respond(request) {
            case .answer(let status, let body, let headers):
                let lines = ["HTTP/1.1 \(status) X", "Content-Length: \(body.utf8.count)"] + headers
                peer.send(lines.joined(separator: "\r\n") + "\r\n\r\n" + body)
            case .stream(let bytes): peer.send(Self.streamHead + Self.chunk(bytes))
            case .broken(let bytes):
                peer.send(Self.streamHead + Self.chunk(bytes))
                end(peer)
                return
            case .silence: break
            }
        }
    }

    private static let streamHead = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

    private static func chunk(_ text: String) -> String {
        String(text.utf8.count, radix: 16) + "\r\n" + text + "\r\n"
    }

    /// Takes one whole request from the front of `bytes`.
    private static func take(from bytes: inout [UInt8]) -> Received? {
        let text = String(decoding: bytes, as: UTF8.self)
        let parts = text.split(separator: "\r\n\r\n", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else { return nil }
        let lines = parts[0].split(separator: "\r\n").map(String.init)
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let pair = line.split(separator: ":", maxSplits: 1)
            headers[pair[0].lowercased()] = pair.count == 2 ? String(pair[1].drop { $0 == " " }) : ""
        }
        let length = headers["content-length"].flatMap { Int($0) } ?? 0
        let body = Array(parts[1].utf8)
        guard body.count >= length else { return nil }
        bytes = Array(body.dropFirst(length))
        let words = lines[0].split(separator: " ").map(String.init)
        return Received(
            method: words[0], path: words[1], headers: headers,
            body: String(decoding: body.prefix(length), as: UTF8.self))
    }
}

extension String {
    /// The parts between occurrences of a text of several characters.
    fileprivate func split(
        separator: String, maxSplits: Int = .max, omittingEmptySubsequences: Bool = true
    ) -> [Substring] {
        var parts: [Substring] = []
        var rest = self[...]
        while parts.count < maxSplits, let range = rest.firstRange(of: separator) {
            parts.append(rest[..<range.lowerBound])
            rest = rest[range.upperBound...]
        }
        parts.append(rest)
        return parts.filter { !omittingEmptySubsequences || !$0.isEmpty }
    }
}
