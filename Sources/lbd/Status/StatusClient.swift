internal import Glibc
import System
import Varlink
import Wire

/// Asks the daemon on this node how things stand.
enum StatusClient {
    /// Why it did not tell.
    struct Failure: Error {
        /// What to do about it, too.
        var message: String
        /// Whether there is no daemon.
        var isAbsent: Bool
    }

    /// What the daemon tells whose runtime folder is `folder`. Each step may take it `timeoutSeconds`.
    static func ask(folder: String, timeoutSeconds: Int) throws(Failure) -> NodeStatus {
        let path = "\(folder)/\(StatusInterface.socketName)"
        let message: [UInt8]
        do throws(Errno) {
            let socket = try UnixSocket(connectingTo: path, timeoutSeconds: timeoutSeconds)
            var rest = Call.message(StatusInterface.getStatus)[...]
            while !rest.isEmpty {
                let count = try socket.send(rest)
                guard count > 0 else { throw Errno(ETIMEDOUT, "ask") }
                rest = rest.dropFirst(count)
            }
            message = try receive(from: socket)
        } catch {
            throw Failure(
                message: explanation(of: error, path, timeoutSeconds),
                isAbsent: error.code == ENOENT || error.code == ECONNREFUSED)
        }
        do throws(VarlinkError) {
            return try Reply.parameters(NodeStatus.self, in: message)
        } catch {
            throw Failure(message: "the daemon at \(path) is of another version: \(error)", isAbsent: false)
        }
    }

    private static func receive(from socket: borrowing UnixSocket) throws(Errno) -> [UInt8] {
        var buffer = DelimitedBuffer(delimiter: 0, limitBytes: Limit.replyBytes)
        var piece = [UInt8](repeating: 0, count: 65_536)
        while true {
            guard let count = try socket.receive(into: &piece) else { throw Errno(ETIMEDOUT, "receive the answer") }
            guard count > 0 else { throw Errno(ECONNRESET, "receive the answer") }
            if let message = buffer.append(Array(piece[..<count])).first { return message }
            guard !buffer.isOverflowing else { throw Errno(EMSGSIZE, "receive the answer") }
        }
    }

    private static func explanation(of error: Errno, _ path: String, _ timeoutSeconds: Int) -> String {
        switch error.code {
        case ENOENT, ECONNREFUSED: "no daemon answers at \(path): see systemctl status lbd"
        case EACCES, EPERM: "you may not ask the daemon at \(path): use sudo, or become a member of the group adm"
        case ETIMEDOUT, EAGAIN: "the daemon at \(path) has not answered within \(timeoutSeconds) s"
        case ECONNRESET, EPIPE: "the daemon at \(path) closed the connection: it ended just now, or too many ask it"
        default: "\(error)"
        }
    }
}
