internal import Wire

/// Writes MessagePack as go-msgpack 0.5 does for memberlist: the format's old form, in which strings and bytes are
/// alike; integers in as few bytes as possible; structures as maps, whose fields the caller brings sorted by name.
struct MessagePackWriter {
    private var writer: ByteWriter

    /// What has been written so far.
    var bytes: [UInt8] { writer.bytes }

    /// An empty text with room for `capacity` bytes.
    init(capacity: Int = 128) {
        writer = ByteWriter(capacity: capacity)
    }

    /// The byte with which a message begins, which is no MessagePack.
    mutating func write(type: MessageType) {
        writer.write(type.rawValue)
    }

    /// Bytes as they are.
    mutating func write(raw bytes: some Sequence<UInt8>) {
        writer.write(bytes)
    }

    /// The beginning of a structure with `count` fields, fifteen at most.
    mutating func write(fieldCount count: UInt8) {
        writer.write(0x80 | count)
    }

    /// The field `name`: a number.
    mutating func write(_ name: StaticString, _ value: UInt64) {
        write(key: name)
        switch value {
        case 0...0x7F:
            writer.write(UInt8(truncatingIfNeeded: value))
        case 0x80...0xFF:
            writer.write(0xCC as UInt8)
            writer.write(UInt8(truncatingIfNeeded: value))
        case 0x100...0xFFFF:
            writer.write(0xCD as UInt8)
            writer.write(UInt16(truncatingIfNeeded: value))
        case 0x1_0000...0xFFFF_FFFF:
            writer.write(0xCE as UInt8)
            writer.write(UInt32(truncatingIfNeeded: value))
        default:
            writer.write(0xCF as UInt8)
            writer.write(value)
        }
    }

    /// The field `name`: true or false.
    mutating func write(_ name: StaticString, _ value: Bool) {
        write(key: name)
        writer.write(value ? 0xC3 : 0xC2 as UInt8)
    }

    /// The field `name`: a text.
    mutating func write(_ name: StaticString, _ value: String) {
        write(key: name)
        writeLength(value.utf8.count)
        writer.write(value.utf8)
    }

    /// The field `name`: bytes.
    mutating func write(_ name: StaticString, _ value: some Collection<UInt8>) {
        write(key: name)
        writeLength(value.count)
        writer.write(value)
    }

    /// The field `name`: bytes, and nil where there are none, as Go has an empty slice that was never set.
    mutating func write(_ name: StaticString, orNil value: [UInt8]) {
        guard value.isEmpty else { return write(name, value) }
        write(key: name)
        writer.write(0xC0 as UInt8)
    }

    private mutating func write(key: StaticString) {
        writeLength(key.utf8CodeUnitCount)
        key.withUTF8Buffer { writer.write($0) }
    }

    private mutating func writeLength(_ length: Int) {
        switch length {
        case 0..<32:
            writer.write(0xA0 | UInt8(length))
        case 32..<0x1_0000:
            writer.write(0xDA as UInt8)
            writer.write(UInt16(length))
        default:
            writer.write(0xDB as UInt8)
            writer.write(UInt32(clamping: length))
        }
    }
}
