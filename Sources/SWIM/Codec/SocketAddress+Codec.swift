internal import Wire

extension SocketAddress {
    /// An address as Go's `net.IP` holds it, of 4 or 16 bytes, and a port. Nil where there is none: another length, all
    /// zero, or no port, as members of the protocol's first version send it.
    init?(addressBytes: ArraySlice<UInt8>, port: UInt16) {
        var reader = ByteReader(addressBytes)
        let address: IPAddress
        switch addressBytes.count {
        case 4:
            guard let v4 = try? reader.readIPv4Address() else { return nil }
            address = .v4(v4)
        case 16:
            guard let v6 = try? reader.readIPv6Address() else { return nil }
            // RFC 4291 section 2.5.5.2: an IPv4 address in 16 bytes, the form that Go's parser gives.
            let isMapped = v6.high == 0 && v6.low >> 32 == 0xFFFF
            address = isMapped ? .v4(IPv4Address(rawValue: UInt32(truncatingIfNeeded: v6.low))) : .v6(v6)
        default:
            return nil
        }
        guard address.rawValue != 0, port != 0 else { return nil }
        self.init(address, port: port)
    }

    /// The 4 or 16 bytes of the address.
    var addressBytes: [UInt8] {
        var writer = ByteWriter(capacity: 16)
        switch address {
        case .v4(let address): writer.write(address)
        case .v6(let address): writer.write(address)
        }
        return writer.bytes
    }
}
