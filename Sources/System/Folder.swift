internal import Glibc

/// Folders.
public enum Folder {
    /// The names of what is in the folder `path`, in no order, without `.` and `..`.
    ///
    /// - Throws: `Errno` where it cannot be read.
    public static func names(in path: String) throws(Errno) -> [String] {
        guard let folder = opendir(path) else { throw Errno.last("open the folder \(path)") }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

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
