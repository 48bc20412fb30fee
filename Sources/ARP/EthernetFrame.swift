public import Wire

/// An Ethernet II frame (RFC 894) that carries an ARP packet: a header of 14 bytes and the packet's 28, without a VLAN
/// tag (the kernel takes it off) and without padding (the driver puts it on).
public struct EthernetFrame: Hashable, Sendable {
    /// The first 6 bytes.
    public var destination: MACAddress
    /// The next 6 bytes.
    public var source: MACAddress
    /// What the frame carries.
    public var packet: Packet

    /// The EtherType of ARP.
    public static let etherType: UInt16 = 0x0806
    /// The length of header and packet, in bytes.
    public static let length = 42

    /// A frame with these fields.
    public init(destination: MACAddress, source: MACAddress, packet: Packet) {
        self.destination = destination
        self.source = source
        self.packet = packet
    }

    /// Reads a frame; bytes after the packet are padding.
    ///
    /// - Throws: `WireError` where the frame is cut short, or carries something else than ARP for IPv4 over Ethernet.
    public init(_ bytes: ArraySlice<UInt8>) throws(WireError) {
        var reader = ByteReader(bytes)
        destination = try reader.readMACAddress()
        source = try reader.readMACAddress()
        let type: UInt16 = try reader.read()
        guard type == Self.etherType else { throw .invalid(field: "EtherType", value: UInt64(type)) }
        packet = try Packet(from: &reader)
    }

    /// Appends the 42 bytes.
    public func write(to writer: inout ByteWriter) {
        writer.write(destination)
        writer.write(source)
        writer.write(Self.etherType)
        packet.write(to: &writer)
    }

    /// The answer to `request`: `address` is at `hardwareAddress`, told to the asker alone.
    static func reply(to request: Packet, from hardwareAddress: MACAddress) -> EthernetFrame {
        EthernetFrame(
            destination: request.senderHardwareAddress, source: hardwareAddress,
            packet: Packet(
                operation: .reply, senderHardwareAddress: hardwareAddress,
                senderProtocolAddress: request.targetProtocolAddress,
                targetHardwareAddress: request.senderHardwareAddress,
                targetProtocolAddress: request.senderProtocolAddress))
    }

    /// A gratuitous ARP packet (RFC 5944 section 4.6, RFC 5227 section 3): `address` is at `hardwareAddress`, told to
    /// everybody, as a request or as a reply: some hosts heed only one of the two.
    static func gratuitous(
        _ operation: Packet.Operation, for address: IPv4Address, from hardwareAddress: MACAddress
    ) -> EthernetFrame {
        EthernetFrame(
            destination: .broadcast, source: hardwareAddress,
            packet: Packet(
                operation: operation, senderHardwareAddress: hardwareAddress, senderProtocolAddress: address,
                targetHardwareAddress: .broadcast, targetProtocolAddress: address))
    }
}
