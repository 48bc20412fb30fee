internal import CLinux
internal import Glibc

/// What a descriptor can be ready for (epoll_ctl(2)).
public struct Readiness: OptionSet, Hashable, Sendable {
    /// The kernel's bits.
    public let rawValue: UInt32

    /// The readiness with these bits.
    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// A read will not block.
    public static let readable = Readiness(rawValue: EPOLLIN.rawValue)
    /// A write will not block.
    public static let writable = Readiness(rawValue: EPOLLOUT.rawValue)
    /// The descriptor has an error to report; told without being asked for.
    public static let failed = Readiness(rawValue: EPOLLERR.rawValue)
    /// The other side has closed; told without being asked for.
    public static let hungUp = Readiness(rawValue: EPOLLHUP.rawValue)
}
