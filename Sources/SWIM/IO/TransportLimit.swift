internal import Wire

/// What a `Transport` holds and waits for at most.
enum TransportLimit {
    /// Datagrams that are taken at once where all that waits is to be taken.
    static let datagramsPerTurn = 32
    /// Bytes of a datagram: more than any link carries in one piece that a member sends.
    static let datagramBytes = 65_536
    /// Connections that were accepted, at once; one more is closed.
    static let accepted = 16
    /// And those from one address, so that nobody takes them all.
    static let acceptedFromOne = 4
    /// Connections that were begun, at once; one more has failed.
    static let begun = 16
    /// Bytes that come on a connection: the states of a thousand members with the longest metadata.
    static let streamBytes = 1 << 20
    /// Bytes that are taken from a connection at once.
    static let chunkBytes = 16_384
    /// How long a connection may last.
    static let streamTime = Duration.seconds(10)
    /// How long to wait before a port that is taken is tried again, or one that has no descriptors left for a connection.
    static let pause = Duration.seconds(3)
}
