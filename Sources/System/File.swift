internal import Glibc

/// Reading whole files.
public enum File {
    /// The bytes of the regular file at `path`, of which there may be at most `limit`. A device or pipe is refused, since
    /// reading it might never end, unless `acceptsPipes`: then what it gives until its end is read, waiting for it.
    ///
    /// - Throws: `Errno` where it cannot be opened or read: EFBIG where it is longer than `limit`, EISDIR for a folder,
    ///   EINVAL for what is no regular file.
    public static func read(_ path: String, limit: Int, acceptsPipes: Bool = false) throws(Errno) -> [UInt8] {
        let flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | (acceptsPipes ? 0 : O_NONBLOCK)
        let descriptor = try FileDescriptor(result: open(path, flags), "open \(path)")
        var status = stat()
        guard fstat(descriptor.rawValue, &status) == 0 else { throw Errno.last("read \(path)") }
        switch status.st_mode & S_IFMT {
        case S_IFREG: break
        case S_IFDIR: throw Errno(EISDIR, "read \(path)")
        default:
            guard acceptsPipes else { throw Errno(EINVAL, "read \(path), which is no regular file") }
        }
        return try contents(of: descriptor.rawValue, limit: limit, path)
    }

    /// Whether there is anything at `path` that this process may see.
    public static func exists(_ path: String) -> Bool {
        access(path, F_OK) == 0
    }

    private static func contents(of descriptor: Int32, limit: Int, _ path: String) throws(Errno) -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw Errno.last("read \(path)") }
            guard count > 0 else { return bytes }
            guard bytes.count + count <= limit else { throw Errno(EFBIG, "read \(path) beyond \(limit) bytes") }
            bytes += chunk[..<count]
        }
    }
}
