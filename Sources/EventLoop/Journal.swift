internal import Glibc
internal import Wire

/// Where the daemon's lines go: to journald with their fields (its native protocol, systemd.journal-fields(7)) where
/// standard error is the journal, else as plain lines to standard error. Never waits: a line that finds the receiver
/// full is dropped and counted.
public final class Journal {
    private let socket: JournalSocket?
    /// The number of lines that were dropped because the receiver was full.
    public private(set) var droppedLines = 0

    /// The journal where the service manager connected standard error to it (`JOURNAL_STREAM`), else standard error.
    public init() {
        socket = Self.isStandardErrorJournal() ? try? JournalSocket() : nil
    }

    /// Writes one line. `priority` is syslog's level, 0…7; `fields` are names and values such as `LBD_SERVICE`.
    public func send(priority: Int, message: String, messageID: String?, fields: [(name: String, value: String)] = []) {
        guard let socket else {
            writeToStandardError(message)
            return
        }
        var datagram = ByteWriter(capacity: 512)
        Self.append("PRIORITY", "\(priority)", to: &datagram)
        Self.append("SYSLOG_IDENTIFIER", "lbd", to: &datagram)
        Self.append("MESSAGE", message, to: &datagram)
        if let messageID { Self.append("MESSAGE_ID", messageID, to: &datagram) }
        for field in fields { Self.append(field.name, field.value, to: &datagram) }
        if !socket.send(datagram.bytes) { droppedLines += 1 }
    }

    /// A field of the native protocol: `NAME=value`, or the name, a 64-bit little-endian length and the value where
    /// that contains a line break.
    private static func append(_ name: String, _ value: String, to datagram: inout ByteWriter) {
        datagram.write(name.utf8)
        if value.utf8.contains(UInt8(ascii: "\n")) {
            datagram.write(CollectionOfOne(UInt8(ascii: "\n")))
            datagram.write(UInt64(value.utf8.count).byteSwapped)
        } else {
            datagram.write(CollectionOfOne(UInt8(ascii: "=")))
        }
        datagram.write(value.utf8)
        datagram.write(CollectionOfOne(UInt8(ascii: "\n")))
    }

    private func writeToStandardError(_ message: String) {
        var standardError = pollfd(fd: STDERR_FILENO, events: Int16(POLLOUT), revents: 0)
        guard poll(&standardError, 1, 0) == 1, standardError.revents & Int16(POLLOUT) != 0 else {
            droppedLines += 1
            return
        }
        let line = Array((message + "\n").utf8)
        _ = write(STDERR_FILENO, line, line.count)
    }

    /// `JOURNAL_STREAM` is `DEVICE:INODE` of the stream that the service manager opened (systemd.exec(5)); a process
    /// whose standard error was redirected since has another one.
    private static func isStandardErrorJournal() -> Bool {
        guard let stream = getenv("JOURNAL_STREAM") else { return false }
        var status = stat()
        guard fstat(STDERR_FILENO, &status) == 0 else { return false }
        return String(cString: stream) == "\(status.st_dev):\(status.st_ino)"
    }
}
