internal import Wire

/// How messages are written and read on one connection, which depends on what both sides can do. Stateless.
public struct Codec: Hashable, Sendable {
    /// The version of BGP.
    static let version: UInt8 = 4

    /// Whether AS numbers have four octets in attributes (RFC 6793): both sides have said so.
    public var hasFourOctetASNs: Bool
    /// Whether the peer takes messages of more than `Message.maximumBytes` (RFC 8654).
    public var sendsExtendedMessages: Bool
    /// Whether the peer is of the own AS: some attributes are for such peers alone.
    public var isInternal: Bool

    /// A codec with these settings; those of a connection before the OPENs unless told otherwise.
    public init(hasFourOctetASNs: Bool = true, sendsExtendedMessages: Bool = false, isInternal: Bool = false) {
        self.hasFourOctetASNs = hasFourOctetASNs
        self.sendsExtendedMessages = sendsExtendedMessages
        self.isInternal = isInternal
    }

    /// The bytes that an UPDATE may have that is sent.
    public var maximumUpdateBytes: Int {
        sendsExtendedMessages ? Message.maximumExtendedBytes : Message.maximumBytes
    }

    /// The bytes of `message`, header included. An UPDATE is as long as its routes make it: whoever puts it together keeps it
    /// within `maximumUpdateBytes`. The data of a NOTIFICATION are cut to what fits.
    public func encode(_ message: Message) -> [UInt8] {
        switch message {
        case .open(let open): Self.framed(.open, open.bytes)
        case .update(let update): Self.framed(.update, update.bytes(self))
        case .notification(let notification):
            Self.framed(
                .notification,
                [notification.code, notification.subcode]
                    + notification.data.prefix(Message.maximumBytes - MessageType.notification.lengths.lowerBound))
        case .keepalive: Self.framed(.keepalive, [])
        case .routeRefresh(let family, let subtype):
            Self.framed(
                .routeRefresh, [UInt8(family.afi >> 8), UInt8(family.afi & 0xFF), subtype, family.safi])
        }
    }

    private static func framed(_ type: MessageType, _ body: [UInt8]) -> [UInt8] {
        var writer = ByteWriter(capacity: Message.headerBytes + body.count)
        writer.write(repeatElement(0xFF, count: 16))
        writer.write(UInt16(clamping: Message.headerBytes + body.count))
        writer.write(type.rawValue)
        writer.write(body)
        return writer.bytes
    }

    /// The message that is the whole of `bytes`.
    ///
    /// - Throws: `BGPError`, which ends the session. Faults of single attributes do not (RFC 7606): `Update.faults` tells
    ///   them.
    public func decode(_ bytes: ArraySlice<UInt8>) throws(BGPError) -> Message {
        guard let header = try Header(bytes), header.length == bytes.count else {
            throw .badMessageLength(UInt16(clamping: bytes.count))
        }
        return try decode(header.type, bytes.dropFirst(Message.headerBytes))
    }

    /// The message of this type with this body; the header tells that its length is one that the type can have.
    func decode(_ type: MessageType, _ body: ArraySlice<UInt8>) throws(BGPError) -> Message {
        switch type {
        case .open: return .open(try Open(body))
        case .update: return .update(try Update(body, self))
        case .keepalive: return .keepalive
        case .notification:
            let fields = Array(body)
            return .notification(Notification(code: fields[0], subcode: fields[1], data: Array(fields.dropFirst(2))))
        case .routeRefresh:
            let fields = Array(body)
            let family = RouteFamily(afi: UInt16(fields[0]) << 8 | UInt16(fields[1]), safi: fields[3])
            return .routeRefresh(family, subtype: fields[2])
        }
    }

    /// What stands before each message.
    struct Header {
        let length: Int
        let type: MessageType

        /// The header at the front of `bytes`; nil where it is not all there.
        init?(_ bytes: ArraySlice<UInt8>) throws(BGPError) {
            var reader = ByteReader(bytes)
            guard let marker = try? reader.read(16), let length = try? reader.read(UInt16.self),
                let number = try? reader.read(UInt8.self)
            else { return nil }
            guard marker.allSatisfy({ $0 == 0xFF }) else { throw .notSynchronized }
            guard length >= Message.headerBytes else { throw .badMessageLength(length) }
            guard let type = MessageType(rawValue: number) else { throw .badMessageType(number) }
            guard type.lengths.contains(Int(length)) else { throw .badMessageLength(length) }
            self.length = Int(length)
            self.type = type
        }
    }
}
