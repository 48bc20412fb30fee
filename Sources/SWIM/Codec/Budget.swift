/// How many messages still fit a datagram. Compression is not counted on.
struct Budget {
    /// The bytes that the messages may have together, and what wraps them into one.
    private let limitBytes: Int
    private var count = 0
    private var messageBytes = 0

    /// Room for the messages of one datagram of `limitBytes` bytes, encryption and checksum included.
    init(limitBytes: Int = Limit.datagramBytes) {
        self.limitBytes = limitBytes - Limit.wrappingBytes
    }

    /// The bytes that one more message may have; less than 0 where there is no room for any.
    var remainingBytes: Int {
        guard count < Limit.messagesPerDatagram else { return -1 }
        // A message that is alone is not wrapped; two or more are by two bytes, and two bytes each.
        return limitBytes - messageBytes - (count == 0 ? 0 : 2 + 2 * (count + 1))
    }

    /// Takes a message of `encodedLength` bytes in, if there is room for it; returns whether there was.
    mutating func take(encodedLength: Int) -> Bool {
        guard encodedLength <= remainingBytes else { return false }
        count += 1
        messageBytes += encodedLength
        return true
    }
}
