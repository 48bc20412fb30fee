internal import Glibc

/// Files that are replaced whole: after a crash or a power cut at any moment there is either the old content or the new.
public enum AtomicFile {
    /// The most bytes that are written to one file.
    public static let maximumLength = 16 << 20

    /// Writes `contents` to `.NAME.new` beside `path`, makes it durable, puts it in the place of `path` and makes that
    /// durable too. A symbolic link is followed. A file that exists keeps its mode, and its owner and group where this
    /// process may give files to them; a new one gets `mode`. Where writing fails, nothing is left behind. Waits for the
    /// disk. Only one writer at a time may write to `path`.
    ///
    /// - Throws: `Errno` of the step that failed; EFBIG for more than `maximumLength` bytes. After a failure of the last
    ///   step, that of the folder, the new content is in place but might not survive a power cut.
    public static func write(path: String, contents: [UInt8], mode: UInt32) throws(Errno) {
        guard contents.count <= maximumLength else { throw Errno(EFBIG, "write \(path)") }
        let target = resolved(path)
        let (folder, name) = split(target)
        let temporary = "\(folder)/.\(name).new"
        // Left by a power cut, or nothing.
        unlink(temporary)
        do throws(Errno) {
            try writeDurably(temporary, contents, status(of: target), mode)
            guard rename(temporary, target) == 0 else { throw Errno.last("replace \(target)") }
        } catch {
            unlink(temporary)
            throw error
        }
        try synchronize(folder: folder)
    }

    private static func writeDurably(
        _ path: String, _ contents: [UInt8], _ existing: stat?, _ mode: UInt32
    ) throws(Errno) {
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
        let descriptor = try FileDescriptor(result: open(path, flags, 0o600), "create \(path)")
        if let existing, fchown(descriptor.rawValue, existing.st_uid, existing.st_gid) != 0 {
            // The group alone may be one of ours.
            _ = fchown(descriptor.rawValue, uid_t.max, existing.st_gid)
        }
        let permissions = existing.map { $0.st_mode & 0o777 } ?? mode_t(mode & 0o777)
        guard fchmod(descriptor.rawValue, permissions) == 0 else { throw Errno.last("set the mode of \(path)") }
        try write(contents, to: descriptor.rawValue, path)
        guard fsync(descriptor.rawValue) == 0 else { throw Errno.last("write \(path) to the disk") }
    }

    private static func write(_ contents: [UInt8], to descriptor: Int32, _ path: String) throws(Errno) {
        var written = 0
        while written < contents.count {
            let count = contents.withUnsafeBytes { bytes in
                Glibc.write(descriptor, bytes.baseAddress.map { $0 + written }, bytes.count - written)
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw count == 0 ? Errno(EIO, "write \(path)") : Errno.last("write \(path)") }
            written += count
        }
    }

    private static func synchronize(folder: String) throws(Errno) {
        let descriptor = try FileDescriptor(
            result: open(folder.isEmpty ? "/" : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), "open \(folder)")
        // Some file systems cannot, and say EINVAL.
        guard fsync(descriptor.rawValue) == 0 || errno == EINVAL else {
            throw Errno.last("write the folder \(folder) to the disk")
        }
    }

    private static func status(of path: String) -> stat? {
        var status = stat()
        return stat(path, &status) == 0 ? status : nil
    }

    /// What a symbolic link at `path` leads to; `path` itself where there is no file yet.
    private static func resolved(_ path: String) -> String {
        guard let real = realpath(path, nil) else { return path }
        defer { free(real) }
        return String(cString: real)
    }

    /// The folder, without its slash at the end, and the name in it.
    private static func split(_ path: String) -> (folder: String, name: String) {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return (".", path) }
        return (String(path[..<slash]), String(path[path.utf8.index(after: slash)...]))
    }
}
