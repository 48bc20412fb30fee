internal import Wire

/// The options of neighbour discovery (RFC 4861 section 4.6): a type, a length in units of 8 bytes, and the rest.
enum NeighborOption: UInt8 {
    /// The sender's Ethernet address.
    case source = 1
    /// The target's Ethernet address.
    case target = 2

    private static let unit = 8

    /// The Ethernet address in the first option of this `type`; nil where there is none. All that is left is read.
    ///
    /// - Throws: `WireError` where an option has no length or is cut short.
    static func hardwareAddress(
        _ type: NeighborOption, in reader: inout ByteReader
    ) throws(WireError) -> MACAddress? {
        var found: MACAddress?
        while reader.remaining > 0 {
            let number: UInt8 = try reader.read()
            let length: UInt8 = try reader.read()
            guard length > 0 else { throw .invalid(field: "option length", value: 0) }
            var body = ByteReader(try reader.read(Int(length) * unit - 2))
            if number == type.rawValue, length == 1, found == nil { found = try body.readMACAddress() }
        }
        return found
    }

    /// Appends the option's 8 bytes.
    static func write(_ type: NeighborOption, _ address: MACAddress, to writer: inout ByteWriter) {
        writer.write(type.rawValue)
        writer.write(UInt8(1))
        writer.write(address)
    }
}

extension ByteReader {
    /// The next 16 bytes as the address that a message is about.
    ///
    /// - Throws: `WireError` where it is cut short, or a group's.
    mutating func readNeighborTarget() throws(WireError) -> IPv6Address {
        let target = try readIPv6Address()
        guard !target.isMulticast else { throw .invalid(field: "target", value: target.high) }
        return target
    }
}
