/// Puts together the message that comes on a connection, with the long keys or the short ones, in whatever pieces.
struct StreamReader {
    /// A message that has come.
    struct Reading {
        var message: StreamMessage
        /// Whether it was encrypted with a short key.
        var usesShortKey: Bool
    }

    private let short: Codec
    private let direction: Codec.Direction
    private var decoder: StreamDecoder
    /// For the short keys, which are tried once the long ones do not fit.
    private var bytes: [UInt8] = []

    /// For a connection's bytes in this direction, from their first on.
    init(_ keys: Keys, _ direction: Codec.Direction) {
        short = keys.short
        self.direction = direction
        decoder = StreamDecoder(keys.long, direction)
    }

    /// Takes in the next piece, and gives out the message when it is whole.
    ///
    /// - Throws: `SWIMError` where no message can come of it any more.
    mutating func append(_ piece: ArraySlice<UInt8>) throws(SWIMError) -> Reading? {
        guard bytes.count + piece.count <= TransportLimit.streamBytes else {
            throw .tooLarge(limitBytes: TransportLimit.streamBytes)
        }
        bytes += piece
        do throws(SWIMError) {
            return try decoder.append(piece).map { Reading(message: $0, usesShortKey: false) }
        } catch .notDecryptable {
            var decoder = StreamDecoder(short, direction)
            return try decoder.append(bytes).map { Reading(message: $0, usesShortKey: true) }
        }
    }
}
