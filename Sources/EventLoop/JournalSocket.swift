internal import CLinux
internal import Glibc
internal import System

/// A connection to journald's socket that never blocks.
final class JournalSocket {
    private let descriptor: FileDescriptor

    init() throws(Errno) {
        let type = Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        descriptor = try FileDescriptor(result: socket(AF_UNIX, type, 0), "open a socket for the journal")
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: "/run/systemd/journal/socket".utf8) }
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor.rawValue, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else { throw Errno.last("connect to the journal") }
    }

    /// Whether journald's queue had room for the datagram.
    func send(_ datagram: [UInt8]) -> Bool {
        Glibc.send(descriptor.rawValue, datagram, datagram.count, Int32(MSG_NOSIGNAL)) >= 0
    }
}
