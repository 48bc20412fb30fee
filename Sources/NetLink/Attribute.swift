internal import Wire

/// A routing attribute (rtnetlink(7), struct rtattr): 2 bytes of length, 2 of type, and a value.
struct Attribute {
    /// rta_type, without the flag bits NLA_F_NESTED and NLA_F_NET_BYTEORDER.
    var type: UInt16
    /// The value, without padding.
    var value: ArraySlice<UInt8>

    private static let headerLength = 4

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
