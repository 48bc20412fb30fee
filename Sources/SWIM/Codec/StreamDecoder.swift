internal import Wire

/// Puts together the message that comes on a connection, in whatever pieces. Holds `Limit.streamBytes` at most, and
/// takes time in proportion to the bytes, however small the pieces.
public struct StreamDecoder: Sendable {
    private let codec: Codec
    private var bytes: [UInt8] = []
    private var state: State

    private enum State {
        /// The label comes, or what is there instead.
        case label
        /// The first byte comes of what the label stands before.
        case type(start: Int)
        /// Encrypted: the length, and as many bytes.
        case encrypted(start: Int, Keyring)
        /// Not encrypted.
        case plain(start: Int, Extent)
        /// The message is out, or there is none.
        case done
    }

    /// A decoder for a connection's bytes in this direction, from their first on.
    public init(_ codec: Codec, _ direction: Codec.Direction) {
        self.codec = codec
        state = direction == .request ? .label : .type(start: 0)
    }

    /// Whether nothing has come yet: a connection that ends here carried no broken message.
    public var isEmpty: Bool {
        if case .done = state { return false }
        return bytes.isEmpty
    }

    /// Takes in the next piece, and gives out the message when it is whole. What follows it is ignored, as memberlist
    /// does.
    ///
    /// - Throws: `SWIMError` where no message can come of it any more: the connection is of no further use.
    public mutating func append(_ piece: some Collection<UInt8>) throws(SWIMError) -> StreamMessage? {
        if case .done = state { return nil }
        bytes += piece
        do throws(SWIMError) {
            guard let message = try advance() else {
                guard bytes.count <= Self.limitBytes else { throw .tooLarge(limitBytes: Limit.streamBytes) }
                return nil
            }
            finish()
            return message
        } catch {
            finish()
            throw error
        }
    }

    /// The message, with the longest label and encryption.
    private static let limitBytes = Limit.streamBytes + 512

    private mutating func finish() {
        state = .done
        bytes = []
    }

    private mutating func advance() throws(SWIMError) -> StreamMessage? {
        while true {
            switch state {
            case .label:
                guard let start = try labelEnd() else { return nil }
                state = .type(start: start)
            case .type(let start):
                guard start < bytes.count else { return nil }
                state = try stateAfterType(at: start)
            case .encrypted(let start, let keyring):
                guard let end = try encryptedEnd(from: start), end <= bytes.count else { return nil }
                return try codec.decrypt(stream: bytes[start..<end], with: keyring)
            case .plain(let start, var extent):
                guard try extent.reachesEnd(of: bytes) else {
                    state = .plain(start: start, extent)
                    return nil
                }
                return try Codec.decode(stream: bytes[start...])
            case .done:
                return nil
            }
        }
    }

    /// Where the label ends, once it is all there; checks that it is the group's.
    private func labelEnd() throws(SWIMError) -> Int? {
        guard let first = bytes.first else { return nil }
        var rest = bytes[...]
        if first == MessageType.label.rawValue {
            guard bytes.count >= 2, bytes.count >= 2 + Int(bytes[1]) else { return nil }
        }
        let found = try Label.take(from: &rest)
        guard found == codec.label else { throw .wrongLabel(found?.description ?? "") }
        return rest.startIndex
    }

    private func stateAfterType(at start: Int) throws(SWIMError) -> State {
        let isEncrypted = bytes[start] == MessageType.encrypted.rawValue
        guard let keyring = codec.keyring else {
            guard !isEncrypted else { throw .isEncrypted }
            return .plain(start: start, try Extent(type: bytes[start], start: start + 1))
        }
        guard isEncrypted else { throw .notEncrypted }
        return .encrypted(start: start, keyring)
    }

    /// Where the encrypted bytes end, once their length is there.
    private func encryptedEnd(from start: Int) throws(SWIMError) -> Int? {
        var reader = ByteReader(bytes[(start + 1)...])
        guard let length = try? reader.read(UInt32.self) else { return nil }
        guard length <= Limit.streamBytes + Keyring.overheadBytes else {
            throw .tooLarge(limitBytes: Limit.streamBytes)
        }
        return start + 5 + Int(length)
    }
}

/// How far a message reaches that is not encrypted and tells no length: looks at each value once.
private struct Extent {
    private let type: MessageType
    /// Up to here it has been looked at.
    private var position: Int
    /// Where the first structure begins, which tells in some messages what else comes.
    private let headerStart: Int
    private var isHeaderRead = false
    /// The MessagePack values that come before the message ends.
    private var pendingValues = 1
    /// The bytes behind the values.
    private var trailingBytes = 0

    init(type byte: UInt8, start: Int) throws(SWIMError) {
        switch MessageType(rawValue: byte) {
        case .some(let type) where [.pushPull, .ping, .ack, .user, .compressed, .error].contains(type):
            self.type = type
        default:
            throw .unknownMessage(type: byte)
        }
        position = start
        headerStart = start
    }

    /// Looks at the bytes that have come since; whether the message is whole.
    mutating func reachesEnd(of bytes: [UInt8]) throws(SWIMError) -> Bool {
        var reader = MessagePackReader(bytes[position...])
        while pendingValues > 0 || !isHeaderRead {
            if pendingValues == 0 {
                try readHeader(MessagePackReader(bytes[headerStart..<position]))
                continue
            }
            do throws(SWIMError) {
                pendingValues += try reader.skipHead() - 1
            } catch {
                guard case .truncated = error else { throw error }
                return false
            }
            position = bytes.endIndex - reader.remaining
        }
        return bytes.count - position >= trailingBytes
    }

    private mutating func readHeader(_ header: MessagePackReader) throws(SWIMError) {
        isHeaderRead = true
        var reader = header
        switch type {
        case .pushPull:
            let header = try PushPull.Header(from: &reader)
            pendingValues = Int(header.nodeCount)
            trailingBytes = Int(header.userStateLength)
        case .user:
            trailingBytes = try StreamMessage.readUserLength(from: &reader)
        default:
            return
        }
        guard pendingValues + trailingBytes <= Limit.streamBytes else {
            throw .tooLarge(limitBytes: Limit.streamBytes)
        }
    }
}
