internal import Glibc

/// The address of a Unix socket in the file system (unix(7)).
enum UnixAddress {
    /// Calls `body` with the address of `path`.
    ///
    /// - Throws: `Errno` ENAMETOOLONG for a path beyond 107 bytes; what `body` leaves in errno where it fails.
    static func with(
        _ path: String, _ action: @autoclosure () -> String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) throws(Errno) {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let fits = withUnsafeMutableBytes(of: &address.sun_path) { bytes in
            guard path.utf8.count < bytes.count else { return false }
            bytes.copyBytes(from: path.utf8)
            return true
        }
        guard fits else { throw Errno(ENAMETOOLONG, action()) }
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else { throw Errno.last(action()) }
    }
}
