internal import Wire

extension Codec {
    /// Which way a message goes on a connection.
    public enum Direction: Hashable, Sendable {
        /// From the member that connected: the label stands before it.
        case request
        /// From the member that was connected to: no label stands before it, although encryption covers the label.
        case answer
    }

    /// The bytes that carry `message` on a connection. `nonce` has 12 bytes from a CSPRNG, new ones for each call;
    /// without a key it is not looked at.
    public func encode(
        _ message: StreamMessage, _ direction: Direction, nonce: [UInt8]
    ) throws(SWIMError) -> [UInt8] {
        var bytes = message.bytes
        guard bytes.count <= Limit.streamBytes else { throw .tooLarge(limitBytes: Limit.streamBytes) }
        if compresses {
            // On connections memberlist does not ask whether it gets shorter.
            bytes = Compression.compress(bytes)
        }
        if let keyring {
            let header = Self.encryptionHeader(length: Keyring.overheadBytes + bytes.count)
            let additionalData = header + (label?.bytes ?? [])
            bytes = header + (try keyring.seal(bytes, nonce: nonce, additionalData: additionalData))
        }
        guard direction == .request, let label else { return bytes }
        return label.header + bytes
    }

    /// The message in the encrypted `bytes`, which begin with the header.
    func decrypt(stream bytes: ArraySlice<UInt8>, with keyring: Keyring) throws(SWIMError) -> StreamMessage {
        let additionalData = Array(bytes.prefix(5)) + (label?.bytes ?? [])
        return try Self.decode(stream: try keyring.open(bytes.dropFirst(5), additionalData: additionalData)[...])
    }

    /// The message in the whole of `bytes`, which are not encrypted, or not any more.
    static func decode(stream bytes: ArraySlice<UInt8>) throws(SWIMError) -> StreamMessage {
        guard bytes.first == MessageType.compressed.rawValue else { return try StreamMessage(bytes) }
        return try StreamMessage(
            try Compression.decompress(bytes.dropFirst(), limitBytes: Limit.streamBytes)[...])
    }

    private static func encryptionHeader(length: Int) -> [UInt8] {
        var writer = ByteWriter(capacity: 5)
        writer.write(MessageType.encrypted.rawValue)
        writer.write(UInt32(clamping: length))
        return writer.bytes
    }
}
