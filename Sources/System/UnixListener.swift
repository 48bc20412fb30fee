internal import CLinux
internal import Glibc

/// A stream socket that listens at a path (unix(7)) and never blocks.
public struct UnixListener: ~Copyable, Sendable {
    /// How many connections may wait to be accepted.
    private static let backlog: Int32 = 16

    private let descriptor: FileDescriptor

    /// Listens at `path` in the place of whatever socket was there; who looks finds the old one or the new one. The socket
    /// gets `mode`, and is given to `group` where there is such a group and this process may do that.
    ///
    /// - Throws: `Errno` of the step that failed; ENAMETOOLONG where `path` is longer than about a hundred bytes.
    public init(path: String, mode: UInt32, group: String) throws(Errno) {
        let type = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let opened = try FileDescriptor(result: socket(AF_UNIX, type, 0), "open a Unix socket")
        let number = opened.rawValue
        let temporary = "\(path).new"
        // Left by a process that was killed, or nothing.
        unlink(temporary)
        try UnixAddress.with(temporary, "make the socket \(path)") { bind(number, $0, $1) }
        do throws(Errno) {
            // Nobody can connect before it listens.
            if let id = Self.id(ofGroup: group) { _ = chown(temporary, uid_t.max, id) }
            guard chmod(temporary, mode & 0o777) == 0 else { throw Errno.last("set the mode of the socket \(path)") }
            guard listen(number, Self.backlog) == 0 else { throw Errno.last("listen on the socket \(path)") }
            guard rename(temporary, path) == 0 else { throw Errno.last("make the socket \(path)") }
        } catch {
            unlink(temporary)
            throw error
        }
        descriptor = opened
    }

    /// The kernel's number, for an event loop that borrows it.
    public var rawValue: Int32 { descriptor.rawValue }

    /// The next connection that waits; nil where none does, or where it has been given up meanwhile.
    ///
    /// - Throws: `Errno`: EMFILE or ENFILE where there are no more descriptors; the connection goes on waiting.
    public func accept() throws(Errno) -> UnixSocket? {
        guard let connection = try descriptor.acceptConnection() else { return nil }
        return UnixSocket(owning: connection)
    }

    private static func id(ofGroup name: String) -> gid_t? {
        var group = Glibc.group()
        var found: UnsafeMutablePointer<Glibc.group>?
        var buffer = [CChar](repeating: 0, count: 16_384)
        guard getgrnam_r(name, &group, &buffer, buffer.count, &found) == 0, found != nil else { return nil }
        return group.gr_gid
    }
}
