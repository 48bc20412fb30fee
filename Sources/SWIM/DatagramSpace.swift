/// What fits a datagram. memberlist fills 1,400 bytes, which leave room for what a tunnel adds.
enum DatagramSpace {
    /// Encoded and encrypted.
    private static let limit = 1_400
    /// The version byte, the nonce and the tag of an encrypted datagram, and the checksum within.
    private static let overhead = 1 + 12 + 16 + 5
    /// The type and the number of messages of a compound.
    private static let compound = 2
    /// A compound has at most so many messages.
    static let messages = 255

    /// The length of each message in a compound.
    static let messageOverhead = 2

    /// The bytes that are free for more messages, each with `messageOverhead`, beside these.
    static func left(beside messages: [Message]) -> Int {
        messages.reduce(limit - overhead - compound) { $0 - $1.encodedLength - messageOverhead }
    }
}
