/// The byte with which a message, or what wraps messages, begins (memberlist's net.go).
enum MessageType: UInt8 {
    case ping = 0
    case indirectPing = 1
    case ack = 2
    case suspect = 3
    case alive = 4
    case dead = 5
    /// On connections: a state of all members.
    case pushPull = 6
    /// Several messages.
    case compound = 7
    case user = 8
    /// Compressed messages.
    case compressed = 9
    /// On connections: encrypted messages.
    case encrypted = 10
    case nack = 11
    /// In datagrams: a checksum and what it is of.
    case checksum = 12
    /// On connections: an error in words.
    case error = 13
    /// The name of the group, before anything else.
    case label = 244
}
