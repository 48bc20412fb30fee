internal import Wire

extension Codec {
    /// A checksum and the type before it.
    static let checksumBytes = 5

    /// The datagram that holds `messages`, no more than it has room for. `nonce` has 12 bytes from a CSPRNG, new ones
    /// for each call; without a key it is not looked at. `hasChecksum`: for members whose `Versions.protocolMaximum` is
    /// 5 or more; encryption has one as well.
    public func encode(
        _ messages: [Message], nonce: [UInt8], hasChecksum: Bool = false
    ) throws(SWIMError) -> [UInt8] {
        var bytes = try Self.join(messages)
        if compresses {
            let compressed = Compression.compress(bytes)
            if compressed.count < bytes.count {
                bytes = compressed
            }
        }
        if hasChecksum {
            var writer = ByteWriter(capacity: bytes.count + Self.checksumBytes)
            writer.write(MessageType.checksum.rawValue)
            writer.write(CRC32.checksum(bytes[...]))
            writer.write(bytes)
            bytes = writer.bytes
        }
        if let keyring {
            bytes = try keyring.seal(bytes, nonce: nonce, additionalData: label?.bytes ?? [])
        }
        guard let label else { return bytes }
        return label.header + bytes
    }

    /// What `datagram` holds. Where some of several messages cannot be read, the others are there.
    ///
    /// - Throws: `SWIMError` where there is nothing that can be read: another group's, damaged, not for us.
    public func decode(_ datagram: ArraySlice<UInt8>) throws(SWIMError) -> Datagram {
        var rest = datagram
        let found = try Label.take(from: &rest)
        guard found == label else { throw .wrongLabel(found?.description ?? "") }
        if let keyring {
            rest = try keyring.open(rest, additionalData: label?.bytes ?? [])[...]
        } else if Self.looksEncrypted(rest) {
            throw .isEncrypted
        }
        return try Self.decode(plaintext: rest)
    }

    /// What a datagram holds that is not encrypted, or not any more.
    static func decode(plaintext: ArraySlice<UInt8>) throws(SWIMError) -> Datagram {
        var rest = plaintext
        if rest.first == MessageType.checksum.rawValue {
            var reader = ByteReader(rest.dropFirst())
            guard let checksum = try? reader.read(UInt32.self) else {
                throw .truncated(needed: checksumBytes, available: rest.count)
            }
            rest = rest.dropFirst(checksumBytes)
            guard checksum == CRC32.checksum(rest) else { throw .wrongChecksum }
        }
        if rest.first == MessageType.compressed.rawValue {
            rest = try Compression.decompress(rest.dropFirst(), limitBytes: Limit.inflatedDatagramBytes)[...]
        }
        var datagram = Datagram()
        if rest.first == MessageType.compound.rawValue {
            try datagram.takeParts(of: rest.dropFirst())
        } else {
            datagram.messages = [try Message(rest)]
        }
        return datagram
    }

    /// The messages, wrapped together where they are not one (makeCompoundMessage in memberlist's util.go).
    private static func join(_ messages: [Message]) throws(SWIMError) -> [UInt8] {
        let parts = messages.map(\.bytes)
        if parts.count == 1 {
            return parts[0]
        }
        guard let count = UInt8(exactly: parts.count) else {
            throw .tooManyMessages(limit: Limit.messagesPerDatagram)
        }
        var writer = ByteWriter(capacity: Limit.datagramBytes)
        writer.write(MessageType.compound.rawValue)
        writer.write(count)
        for part in parts {
            guard let length = UInt16(exactly: part.count) else { throw .tooLarge(limitBytes: Limit.messageBytes) }
            writer.write(length)
        }
        for part in parts { writer.write(part) }
        return writer.bytes
    }

    /// Encryption's version looks like a ping or an indirect ping; but on the one a structure follows, and on the other
    /// random bytes.
    private static func looksEncrypted(_ bytes: ArraySlice<UInt8>) -> Bool {
        guard let version = bytes.first, version <= 1, bytes.count >= Keyring.overheadBytes else { return false }
        return bytes.dropFirst().first.map { $0 & 0xF0 != 0x80 } ?? false
    }
}

extension Datagram {
    /// Reads several messages: their number, their lengths, and they themselves. None of them wraps others.
    fileprivate mutating func takeParts(of body: ArraySlice<UInt8>) throws(SWIMError) {
        guard let count = body.first.map(Int.init) else { throw .truncated(needed: 1, available: 0) }
        var lengths = body.dropFirst().prefix(2 * count)
        guard lengths.count == 2 * count else { throw .truncated(needed: 2 * count, available: lengths.count) }
        var rest = body.dropFirst(1 + 2 * count)
        while let high = lengths.popFirst(), let low = lengths.popFirst() {
            let length = Int(high) << 8 | Int(low)
            guard length <= rest.count else {
                errors.append(.truncated(needed: length, available: rest.count))
                return
            }
            do throws(SWIMError) {
                messages.append(try Message(rest.prefix(length)))
            } catch {
                errors.append(error)
            }
            rest = rest.dropFirst(length)
        }
    }
}
