import Wire

/// An address of either family as it travels: the family's number, 4 or 6, and 4 or 16 bytes.
extension ByteReader {
    /// The next address.
    ///
    /// - Throws: `WireError` where it is cut short, or of no family.
    mutating func readIPAddress() throws(WireError) -> IPAddress {
        switch try read(UInt8.self) {
        case 4: .v4(try readIPv4Address())
        case 6: .v6(try readIPv6Address())
        case let family: throw .invalid(field: "family", value: UInt64(family))
        }
    }
}

extension ByteWriter {
    /// Appends the 5 or 17 bytes.
    mutating func write(_ address: IPAddress) {
        switch address {
        case .v4(let address):
            write(4 as UInt8)
            write(address)
        case .v6(let address):
            write(6 as UInt8)
            write(address)
        }
    }
}
