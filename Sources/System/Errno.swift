internal import Glibc

/// A failed system call: which one, and the kernel's error number.
public struct Errno: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kernel's number (errno(3)), positive.
    public let code: Int32
    /// What was being done, in words that complete "cannot …", for example `open /etc/lbd/pools.yaml`.
    public let action: String

    /// An error with a known number.
    public init(_ code: Int32, _ action: String) {
        self.code = code
        self.action = action
    }

    /// The error that the calling thread's last failed system call left in `errno`.
    public static func last(_ action: String) -> Errno {
        Errno(errno, action)
    }

    /// The number's name in plain words (strerror(3)).
    public var reason: String {
        String(cString: strerror(code))
    }

    /// The error in words.
    public var description: String {
        "cannot \(action): \(reason)"
    }
}
