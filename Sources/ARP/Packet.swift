public import Wire

/// An ARP packet for IPv4 over Ethernet (RFC 826): 28 bytes.
public struct Packet: Hashable, Sendable {
    /// ar$op.
    public struct Operation: RawRepresentable, Hashable, Sendable {
        /// The number on the wire.
        public let rawValue: UInt16

        /// The operation with this number.
        public init(rawValue: UInt16) {
            self.rawValue = rawValue
        }

        /// REQUEST: who has the target's protocol address?
        public static let request = Operation(rawValue: 1)
        /// REPLY: the sender has its protocol address.
        public static let reply = Operation(rawValue: 2)
    }

    /// ar$op, 2 bytes.
    public var operation: Operation
    /// ar$sha, 6 bytes: the sender's Ethernet address.
    public var senderHardwareAddress: MACAddress
    /// ar$spa, 4 bytes: the sender's IPv4 address; 0.0.0.0 in a probe (RFC 5227 section 1.1).
    public var senderProtocolAddress: IPv4Address
    /// ar$tha, 6 bytes: the target's Ethernet address; without meaning in a request.
    public var targetHardwareAddress: MACAddress
    /// ar$tpa, 4 bytes: the target's IPv4 address.
    public var targetProtocolAddress: IPv4Address

    /// A packet with these fields.
    public init(
        operation: Operation, senderHardwareAddress: MACAddress, senderProtocolAddress: IPv4Address,
        targetHardwareAddress: MACAddress, targetProtocolAddress: IPv4Address
    ) {
        self.operation = operation
        self.senderHardwareAddress = senderHardwareAddress
        self.senderProtocolAddress = senderProtocolAddress
        self.targetHardwareAddress = targetHardwareAddress
        self.targetProtocolAddress = targetProtocolAddress
    }

    /// ar$hrd Ethernet and ar$pro IPv4, as the packet's first 4 bytes have them.
    static let ethernetAndIPv4: UInt32 = 0x0001_0800
    /// ar$hln 6 and ar$pln 4, as the next 2 bytes have them.
    static let addressLengths: UInt16 = 0x0604

    /// Reads the 28 bytes; what follows them is Ethernet's padding.
    ///
    /// - Throws: `WireError` where the packet is cut short, or is for other kinds of addresses.
    public init(from reader: inout ByteReader) throws(WireError) {
        let kinds: UInt32 = try reader.read()
        guard kinds == Self.ethernetAndIPv4 else { throw .invalid(field: "ar$hrd and ar$pro", value: UInt64(kinds)) }
        let lengths: UInt16 = try reader.read()
        guard lengths == Self.addressLengths else {
            throw .invalid(field: "ar$hln and ar$pln", value: UInt64(lengths))
        }
        operation = Operation(rawValue: try reader.read())
        senderHardwareAddress = try reader.readMACAddress()
        senderProtocolAddress = try reader.readIPv4Address()
        targetHardwareAddress = try reader.readMACAddress()
        targetProtocolAddress = try reader.readIPv4Address()
    }

    /// Appends the 28 bytes.
    public func write(to writer: inout ByteWriter) {
        writer.write(Self.ethernetAndIPv4)
        writer.write(Self.addressLengths)
        writer.write(operation.rawValue)
        writer.write(senderHardwareAddress)
        writer.write(senderProtocolAddress)
        writer.write(targetHardwareAddress)
        writer.write(targetProtocolAddress)
    }
}
