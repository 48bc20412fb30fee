/// Takes messages out of the bytes of a connection, which come in whatever pieces. Holds less than one message, as long as
/// `next` is called until there is none, and takes time in proportion to the bytes, however small the pieces.
public struct StreamDecoder: Sendable {
    private var bytes: [UInt8] = []
    /// Where the next message begins.
    private var start = 0

    /// A decoder for a connection's bytes from their first on.
    public init() {}

    /// Takes in the next piece.
    public mutating func append(_ piece: some Collection<UInt8>) {
        if start > 0 {
            bytes.removeSubrange(..<start)
            start = 0
        }
        bytes += piece
    }

    /// The next message; nil where it is not all there.
    ///
    /// - Throws: `BGPError`: the connection is of no further use.
    public mutating func next(_ codec: Codec) throws(BGPError) -> Message? {
        guard let header = try Codec.Header(bytes[start...]) else { return nil }
        let end = start + header.length
        guard end <= bytes.count else { return nil }
        let message = try codec.decode(header.type, bytes[(start + Message.headerBytes)..<end])
        start = end
        return message
    }
}
