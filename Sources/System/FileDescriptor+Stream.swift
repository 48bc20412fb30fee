internal import CLinux
internal import Glibc

/// What the stream sockets of all families have in common.
extension FileDescriptor {
    /// The next connection that waits at a listening socket; nil where none does, or where it has been given up meanwhile.
    ///
    /// - Throws: `Errno`: EMFILE or ENFILE where there are no more descriptors; the connection goes on waiting.
    func acceptConnection() throws(Errno) -> FileDescriptor? {
        let accepted = accept(rawValue, nil, nil)
        if accepted < 0 && [EAGAIN, EINTR, ECONNABORTED].contains(errno) { return nil }
        let connection = try FileDescriptor(result: accepted, "accept a connection")
        guard fcntl(accepted, F_SETFL, O_NONBLOCK) == 0, fcntl(accepted, F_SETFD, FD_CLOEXEC) == 0 else {
            throw Errno.last("set up a connection")
        }
        return connection
    }

    /// Puts what has come into the front of `buffer` and gives the number of bytes: 0 at the end, nil where nothing waits.
    ///
    /// - Throws: `Errno`: ECONNRESET where the other side went away.
    func receiveBytes(into buffer: inout [UInt8]) throws(Errno) -> Int? {
        let count = recv(rawValue, &buffer, buffer.count, 0)
        if count < 0 && (errno == EAGAIN || errno == EINTR) { return nil }
        guard count >= 0 else { throw Errno.last("receive from a socket") }
        return count
    }

    /// Sends as much of `bytes` as the kernel takes now and gives its number; 0 where it takes none.
    ///
    /// - Throws: `Errno`: EPIPE where the other side went away.
    func sendBytes(_ bytes: ArraySlice<UInt8>) throws(Errno) -> Int {
        let count = bytes.withUnsafeBytes { send(rawValue, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        if count < 0 && (errno == EAGAIN || errno == EINTR) { return 0 }
        guard count >= 0 else { throw Errno.last("send to a socket") }
        return count
    }
}
