public import Wire

/// A frame of either protocol that tells where an address is.
public enum Frame: Hashable, Sendable {
    /// Of IPv4's.
    case arp(EthernetFrame)
    /// Of IPv6's.
    case ndp(NeighborFrame)

    /// Where the EtherType stands in a frame, in bytes.
    private static let etherTypeOffset = 12

    /// Reads a frame of the protocol that its EtherType names; bytes after its end are padding.
    ///
    /// - Throws: `WireError` where it is cut short, not valid, or of another protocol.
    public init(_ bytes: ArraySlice<UInt8>) throws(WireError) {
        var reader = ByteReader(bytes)
        _ = try reader.read(Self.etherTypeOffset)
        self =
            try reader.read(UInt16.self) == NeighborFrame.etherType
            ? .ndp(try NeighborFrame(bytes)) : .arp(try EthernetFrame(bytes))
    }

    /// Appends the frame's bytes.
    public func write(to writer: inout ByteWriter) {
        switch self {
        case .arp(let frame): frame.write(to: &writer)
        case .ndp(let frame): frame.write(to: &writer)
        }
    }

    /// What tells everybody that `address` is at `hardwareAddress`. Of ARP's two kinds some hosts heed only one.
    static func announcement(of address: IPAddress, at hardwareAddress: MACAddress) -> [Frame] {
        switch address {
        case .v4(let address):
            [Packet.Operation.request, .reply].map { .arp(.gratuitous($0, for: address, from: hardwareAddress)) }
        case .v6(let address):
            [.ndp(.unsolicited(for: address, from: hardwareAddress))]
        }
    }
}

extension AddressFamily {
    /// Of the frames that tell where an address of the family is.
    var etherType: UInt16 {
        switch self {
        case .ipv4: EthernetFrame.etherType
        case .ipv6: NeighborFrame.etherType
        }
    }
}
