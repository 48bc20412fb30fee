import FoundationEssentials
internal import Glibc
import System
import Varlink
import Wire

/// `lbd status`: asks the daemon on this node how things stand.
enum Status {
    /// How long the daemon may take for each step.
    private static let timeoutSeconds = 5

    /// Why there is nothing to show; the message says what to do.
    private struct Failure: Error {
        var message: String
    }

    /// Prints a table for people, or JSON. Returns the exit status.
    static func run(configuration path: String?, isJSON: Bool) -> Int32 {
        let configuration: Configuration
        do {
            configuration = try Configuration.load(path)
        } catch {
            Console.error(error.description)
            return ExitStatus.badConfiguration
        }
        do throws(Failure) {
            let status = try ask("\(configuration.runtime)/\(StatusInterface.socketName)")
            Console.print(isJSON ? json(status) : StatusTable.text(of: status))
            return ExitStatus.done
        } catch {
            Console.error("lbd: \(error.message)")
            return ExitStatus.unavailable
        }
    }

    private static func ask(_ path: String) throws(Failure) -> NodeStatus {
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
            throw Failure(message: explanation(of: error, path))
        }
        do throws(VarlinkError) {
            return try Reply.parameters(NodeStatus.self, in: message)
        } catch {
            throw Failure(message: "the daemon at \(path) is of another version: \(error)")
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

    private static func explanation(of error: Errno, _ path: String) -> String {
        switch error.code {
        case ENOENT, ECONNREFUSED: "no daemon answers at \(path): see systemctl status lbd"
        case EACCES, EPERM: "you may not ask the daemon at \(path): use sudo, or become a member of the group adm"
        case ETIMEDOUT, EAGAIN: "the daemon at \(path) has not answered within \(timeoutSeconds) s"
        case ECONNRESET, EPIPE: "the daemon at \(path) closed the connection: it ended just now, or too many ask it"
        default: "\(error)"
        }
    }

    private static func json(_ status: NodeStatus) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
        // Texts, numbers and truth values always have a JSON form.
        return (try? encoder.encode(status)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }
}
