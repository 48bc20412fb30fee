internal import Wire

extension Prefix {
    /// The prefix without host bits, as routes have it.
    var network: Prefix { Prefix(range.first, length: length) ?? self }

    /// The bytes that it takes.
    var encodedLength: Int { 1 + (length + 7) / 8 }

    /// Writes the length and as many bytes of the address as it needs (RFC 4271 section 4.3).
    func write(to writer: inout ByteWriter) {
        writer.write(UInt8(length))
        let width = address.family.bitWidth
        for index in 0..<(length + 7) / 8 {
            writer.write(UInt8(truncatingIfNeeded: address.rawValue >> UInt128(width - 8 * (index + 1))))
        }
    }

    /// Reads all prefixes of `bytes`; nil where they are not such.
    static func list(_ bytes: ArraySlice<UInt8>, _ family: AddressFamily) -> [Prefix]? {
        var prefixes: [Prefix] = []
        var reader = ByteReader(bytes)
        let width = family.bitWidth
        while reader.remaining > 0 {
            guard let length = try? Int(reader.read(UInt8.self)), length <= width,
                let octets = try? reader.read((length + 7) / 8)
            else { return nil }
            var bits: UInt128 = 0
            for octet in octets { bits = bits << 8 | UInt128(octet) }
            bits <<= UInt128(width - 8 * octets.count)
            guard let prefix = Prefix(IPAddress(family, rawValue: bits), length: length) else { return nil }
            // What follows the length's bits has no meaning.
            prefixes.append(prefix.network)
        }
        return prefixes
    }
}
