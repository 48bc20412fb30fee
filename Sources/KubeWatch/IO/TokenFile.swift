internal import Glibc
internal import System

/// A file that holds a bearer token and is read again when it changes: such tokens are short-lived.
struct TokenFile {
    /// What tells one state of the file from another.
    private struct Stamp: Equatable {
        let inode: UInt64
        let size: Int64
        let seconds: Int
        let nanoseconds: Int
    }

    private let path: String
    private var stamp: Stamp?
    private var token = ""

    /// How long a token may be.
    private static let limitBytes = 64 * 1024

    init(path: String) {
        self.path = path
    }

    /// The token as it stands in the file now.
    mutating func current() throws(Errno) -> String {
        let file = try FileDescriptor(result: open(path, O_RDONLY | O_CLOEXEC), "open the token file \(path)")
        var status = stat()
        guard fstat(file.rawValue, &status) == 0 else { throw Errno.last("look at the token file \(path)") }
        let stamp = Stamp(
            inode: UInt64(status.st_ino), size: Int64(status.st_size), seconds: status.st_mtim.tv_sec,
            nanoseconds: status.st_mtim.tv_nsec)
        guard stamp != self.stamp else { return token }
        var bytes = [UInt8](repeating: 0, count: Self.limitBytes)
        let count = read(file.rawValue, &bytes, bytes.count)
        guard count >= 0 else { throw Errno.last("read the token file \(path)") }
        // What ends a header line must not get into one.
        token = String(decoding: bytes[..<count].filter { $0 > 0x20 && $0 < 0x7f }, as: UTF8.self)
        self.stamp = stamp
        return token
    }
}
