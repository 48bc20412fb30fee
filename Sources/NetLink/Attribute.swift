internal import Wire

/// A routing attribute (rtnetlink(7), struct rtattr): 2 bytes of length, 2 of type, and a value.
struct Attribute {
    /// rta_type, without the flag bits NLA_F_NESTED and NLA_F_NET_BYTEORDER.
    var type: UInt16
    /// The value, without padding.
    var value: ArraySlice<UInt8>

    static let headerLength = 4

    /// Reads the next attribute and the padding behind it; nil at the message's end.
    ///
    /// - Throws: `WireError` where its length is less than a header's or more than what is there.
    static func next(in reader: inout ByteReader) throws(WireError) -> Attribute? {
        guard reader.remaining > 0 else { return nil }
        let length = Int(try reader.readNative(UInt16.self))
        guard length >= headerLength else { throw .invalid(field: "rta_len", value: UInt64(length)) }
        let type = try reader.readNative(UInt16.self) & 0x3FFF
        let attribute = Attribute(type: type, value: try reader.read(length - headerLength))
        try reader.skipPadding(after: length)
        return attribute
    }

    /// The value as a number of 4 bytes in the machine's byte order.
    func number() throws(WireError) -> UInt32 {
        var reader = ByteReader(value)
        return try reader.readNative()
    }

    /// The value as text, up to its NUL.
    var text: String {
        String(decoding: value.prefix { $0 != 0 }, as: UTF8.self)
    }
}

extension ByteWriter {
    /// Appends an attribute whose value is `value`, and the padding behind it.
    mutating func write(_ type: UInt16, _ value: some Collection<UInt8>) {
        let length = Attribute.headerLength + value.count
        writeNative(UInt16(length))
        writeNative(type)
        write(value)
        write([UInt8](repeating: 0, count: padding(after: length)))
    }

    /// Appends an attribute whose value is a number of 4 bytes in the machine's byte order.
    mutating func write(_ type: UInt16, number: UInt32) {
        write(type, withUnsafeBytes(of: number) { Array($0) })
    }

    /// Appends an attribute whose value is text, with its NUL.
    mutating func write(_ type: UInt16, text: String) {
        write(type, Array(text.utf8) + [0])
    }
}
