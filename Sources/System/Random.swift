internal import CLinux

/// The kernel's generator of random numbers (getrandom(2)).
public enum Random {
    /// 64 bits that nobody can guess. Early in boot the call waits until the kernel has gathered enough.
    ///
    /// - Throws: `Errno` where the kernel has none.
    public static func seed() throws(Errno) -> UInt64 {
        var seed: UInt64 = 0
        let count = getrandom(&seed, MemoryLayout<UInt64>.size, 0)
        guard count == MemoryLayout<UInt64>.size else { throw Errno.last("draw random bytes") }
        return seed
    }

    /// `count` bytes that nobody can guess, at most 256 at a time. Early in boot the call waits likewise.
    ///
    /// - Throws: `Errno` where the kernel has none.
    public static func bytes(_ count: Int) throws(Errno) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        guard getrandom(&bytes, count, 0) == count else { throw Errno.last("draw random bytes") }
        return bytes
    }
}
