internal import Glibc

/// Folders.
public enum Folder {
    /// Makes the folder `path` and those above it that are missing, with `mode` (less the process's umask); one that is
    /// there stays as it is.
    ///
    /// - Throws: `Errno` where one cannot be made.
    public static func make(_ path: String, mode: UInt32) throws(Errno) {
        guard mkdir(path, mode_t(mode)) != 0, errno != EEXIST else { return }
        guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex else {
            throw Errno.last("make the folder \(path)")
        }
        try make(String(path[..<slash]), mode: mode)
        guard mkdir(path, mode_t(mode)) == 0 || errno == EEXIST else { throw Errno.last("make the folder \(path)") }
    }
}
