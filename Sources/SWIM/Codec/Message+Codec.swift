extension Message {
    /// Reads one message, its type first. What follows it is ignored, as memberlist does.
    init(_ bytes: ArraySlice<UInt8>) throws(SWIMError) {
        guard let type = bytes.first else { throw .truncated(needed: 1, available: 0) }
        let body = bytes.dropFirst()
        var reader = MessagePackReader(body)
        switch MessageType(rawValue: type) {
        case .ping: self = .ping(try Ping(from: &reader))
        case .indirectPing: self = .indirectPing(try IndirectPing(from: &reader))
        case .ack: self = .ack(try Ack(from: &reader))
        case .nack: self = .nack(sequence: try Ack(from: &reader).sequence)
        case .suspect: self = .suspect(try Suspect(from: &reader))
        case .alive: self = .alive(try Alive(from: &reader))
        case .dead: self = .dead(try Dead(from: &reader))
        case .user: self = .user(Array(body))
        case .pushPull, .compound, .compressed, .encrypted, .checksum, .error, .label, nil:
            throw .unknownMessage(type: type)
        }
    }

    /// The message on the wire, its type first, before it is wrapped.
    var bytes: [UInt8] {
        var writer = MessagePackWriter()
        switch self {
        case .ping(let ping):
            writer.write(type: .ping)
            ping.write(to: &writer)
        case .indirectPing(let ping):
            writer.write(type: .indirectPing)
            ping.write(to: &writer)
        case .ack(let ack):
            writer.write(type: .ack)
            ack.write(to: &writer)
        case .nack(let sequence):
            writer.write(type: .nack)
            writer.write(fieldCount: 1)
            writer.write("SeqNo", UInt64(sequence))
        case .suspect(let suspect):
            writer.write(type: .suspect)
            suspect.write(to: &writer)
        case .alive(let alive):
            writer.write(type: .alive)
            alive.write(to: &writer)
        case .dead(let dead):
            writer.write(type: .dead)
            dead.write(to: &writer)
        case .user(let bytes):
            writer.write(type: .user)
            writer.write(raw: bytes)
        }
        return writer.bytes
    }

    /// The bytes of the message on the wire, before it is wrapped: what counts towards a datagram's room. Takes as long
    /// as encoding.
    public var encodedLength: Int { bytes.count }
}
