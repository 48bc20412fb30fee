public import Wire

/// The question who has an IPv6 address (RFC 4861 section 4.3): type 135, 24 bytes and options.
public struct NeighborSolicitation: Hashable, Sendable {
    /// The ICMPv6 type.
    static let type: UInt8 = 135

    /// The address that is asked for; no group's.
    public var target: IPv6Address
    /// The option that tells the asker's Ethernet address; nil in a probe for a duplicate (RFC 4862 section 5.4.2).
    public var sourceHardwareAddress: MACAddress?

    /// A question with these fields.
    public init(target: IPv6Address, sourceHardwareAddress: MACAddress?) {
        self.target = target
        self.sourceHardwareAddress = sourceHardwareAddress
    }

    /// Reads what follows type, code and checksum.
    ///
    /// - Throws: `WireError` where it is cut short, asks for a group, or an option has no length.
    init(from reader: inout ByteReader) throws(WireError) {
        _ = try reader.read(UInt32.self)
        target = try reader.readNeighborTarget()
        sourceHardwareAddress = try NeighborOption.hardwareAddress(.source, in: &reader)
    }

    func write(to writer: inout ByteWriter) {
        writer.write(UInt32(0))
        writer.write(target)
        if let sourceHardwareAddress { NeighborOption.write(.source, sourceHardwareAddress, to: &writer) }
    }
}
