public import Wire

/// The answer who has an IPv6 address (RFC 4861 section 4.4): type 136, 24 bytes and options.
public struct NeighborAdvertisement: Hashable, Sendable {
    /// The three flags, in the highest bits of the first byte after the checksum.
    public struct Flags: OptionSet, Hashable, Sendable {
        /// The bits as they stand in the byte.
        public let rawValue: UInt8

        /// The flags of these bits; those that are reserved are kept.
        public init(rawValue: UInt8) {
            self.rawValue = rawValue
        }

        /// R: the sender is a router.
        public static let router = Flags(rawValue: 0x80)
        /// S: it was asked for, by whoever gets it.
        public static let solicited = Flags(rawValue: 0x40)
        /// O: believe this rather than what is known.
        public static let override = Flags(rawValue: 0x20)
    }

    /// The ICMPv6 type.
    static let type: UInt8 = 136

    /// The flags.
    public var flags: Flags
    /// The address that the sender has; no group's.
    public var target: IPv6Address
    /// The option that tells the Ethernet address.
    public var targetHardwareAddress: MACAddress?

    /// An answer with these fields.
    public init(flags: Flags, target: IPv6Address, targetHardwareAddress: MACAddress?) {
        self.flags = flags
        self.target = target
        self.targetHardwareAddress = targetHardwareAddress
    }

    /// Reads what follows type, code and checksum.
    ///
    /// - Throws: `WireError` where it is cut short, names a group, or an option has no length.
    init(from reader: inout ByteReader) throws(WireError) {
        flags = Flags(rawValue: try reader.read())
        _ = try reader.read(3)
        target = try reader.readNeighborTarget()
        targetHardwareAddress = try NeighborOption.hardwareAddress(.target, in: &reader)
    }

    func write(to writer: inout ByteWriter) {
        writer.write(flags.rawValue)
        writer.write([0, 0, 0])
        writer.write(target)
        if let targetHardwareAddress { NeighborOption.write(.target, targetHardwareAddress, to: &writer) }
    }
}
