internal import CLinux
internal import Glibc

/// What the sockets to the API server are set to.
enum SocketOptions {
    /// A peer that acknowledges nothing for this long is gone, in milliseconds.
    private static let userTimeoutMilliseconds: Int32 = 25_000

    /// Lets the kernel notice a peer that has vanished, idle or not, within 30 s, and keeps the socket to this process.
    static func watchPeer(_ socket: Int32) {
        set(socket, SOL_SOCKET, SO_KEEPALIVE, 1)
        set(socket, Int32(IPPROTO_TCP), TCP_KEEPIDLE, 15)
        set(socket, Int32(IPPROTO_TCP), TCP_KEEPINTVL, 5)
        set(socket, Int32(IPPROTO_TCP), TCP_KEEPCNT, 3)
        set(socket, Int32(IPPROTO_TCP), TCP_USER_TIMEOUT, userTimeoutMilliseconds)
        _ = fcntl(socket, F_SETFD, FD_CLOEXEC)
    }

    /// Ends a TCP connection at once: the peer gets a reset, and what is queued in the kernel is dropped, not sent.
    /// (connect(2): a socket is dissolved by connecting it to AF_UNSPEC.)
    static func abort(_ socket: Int32) {
        var nowhere = sockaddr()
        nowhere.sa_family = sa_family_t(AF_UNSPEC)
        _ = connect(socket, &nowhere, socklen_t(MemoryLayout<sockaddr>.size))
    }

    private static func set(_ socket: Int32, _ level: Int32, _ option: Int32, _ value: Int32) {
        var value = value
        // One that the kernel does not know leaves the probe of the Client to notice.
        _ = setsockopt(socket, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
    }
}
