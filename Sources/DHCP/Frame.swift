public import Wire

/// An Ethernet II frame that carries a DHCP message: a header of 14 bytes, IPv4's 20 (RFC 791), UDP's 8 (RFC 768), and the
/// message. So a host can ask whose interface has an address already, or has none.
public struct Frame: Hashable, Sendable {
    /// The first 6 bytes.
    public var destination: MACAddress
    /// The next 6 bytes.
    public var source: MACAddress
    /// Who sends it; 0.0.0.0 for a client without an address.
    public var sourceAddress: IPv4Address
    /// Who is to get it.
    public var destinationAddress: IPv4Address
    /// The UDP port that it comes from.
    public var sourcePort: UInt16
    /// The UDP port that it goes to.
    public var destinationPort: UInt16
    /// What it carries.
    public var message: Message

    /// The EtherType of IPv4.
    public static let etherType: UInt16 = 0x0800
    /// The longest frame that is read, in bytes: all that fits into one on Ethernet.
    public static let maximumLength = 1514
    /// DHCP server (RFC 2131 section 4.1).
    public static let serverPort: UInt16 = 67
    /// DHCP client.
    public static let clientPort: UInt16 = 68

    static let udp: UInt8 = 17
    /// Version 4, and a header of five words.
    private static let versionAndLength: UInt8 = 0x45
    private static let headerLength = 20
    private static let udpHeaderLength = 8
    private static let timeToLive: UInt8 = 64
    /// More Fragments, and the 13 bits of the offset.
    private static let fragmentMask: UInt16 = 0x3FFF

    /// A frame with these fields.
    public init(
        destination: MACAddress, source: MACAddress, sourceAddress: IPv4Address, destinationAddress: IPv4Address,
        sourcePort: UInt16, destinationPort: UInt16, message: Message
    ) {
        self.destination = destination
        self.source = source
        self.sourceAddress = sourceAddress
        self.destinationAddress = destinationAddress
        self.sourcePort = sourcePort
        self.destinationPort = destinationPort
        self.message = message
    }

    /// Reads a frame; bytes after the datagram are padding. UDP's checksum is not looked at: of what a server on the same
    /// machine sends it is not there yet when a packet socket sees it.
    ///
    /// - Throws: `WireError` where the frame is cut short, a fragment, or carries something else.
    public init(_ bytes: ArraySlice<UInt8>) throws(WireError) {
        var reader = ByteReader(bytes)
        destination = try reader.readMACAddress()
        source = try reader.readMACAddress()
        let type: UInt16 = try reader.read()
        guard type == Self.etherType else { throw .invalid(field: "EtherType", value: UInt64(type)) }
        let header = try Self.header(in: reader)
        var fields = ByteReader(header)
        _ = try fields.read(2)
        let length = Int(try fields.read(UInt16.self))
        _ = try fields.read(2)
        let fragment: UInt16 = try fields.read()
        guard fragment & Self.fragmentMask == 0 else { throw .invalid(field: "fragment", value: UInt64(fragment)) }
        _ = try fields.read(1)
        let protocolNumber: UInt8 = try fields.read()
        guard protocolNumber == Self.udp else { throw .invalid(field: "protocol", value: UInt64(protocolNumber)) }
        _ = try fields.read(2)
        sourceAddress = try fields.readIPv4Address()
        destinationAddress = try fields.readIPv4Address()
        var datagram = ByteReader(try reader.read(length).dropFirst(header.count))
        sourcePort = try datagram.read()
        destinationPort = try datagram.read()
        let udpLength = Int(try datagram.read(UInt16.self))
        _ = try datagram.read(2)
        message = try Message(try datagram.read(udpLength - Self.udpHeaderLength))
    }

    /// IPv4's header with its options, at the front of what `reader` has.
    private static func header(in reader: ByteReader) throws(WireError) -> ArraySlice<UInt8> {
        var reader = reader
        let first: UInt8 = try ByteReader.peek(reader)
        let length = Int(first & 0x0F) * 4
        guard first >> 4 == 4, length >= headerLength else { throw .invalid(field: "version", value: UInt64(first)) }
        let header = try reader.read(length)
        guard checksum(of: header) == 0 else { throw .invalid(field: "checksum", value: 0) }
        return header
    }

    /// Appends the frame's bytes.
    public func write(to writer: inout ByteWriter) {
        var body = ByteWriter(capacity: 512)
        message.write(to: &body)
        let datagram = udpDatagram(body.bytes)
        writer.write(destination)
        writer.write(source)
        writer.write(Self.etherType)
        writer.write(ipHeader(datagramLength: datagram.count))
        writer.write(datagram)
    }

    private func ipHeader(datagramLength: Int) -> [UInt8] {
        func header(checksum: UInt16) -> [UInt8] {
            var writer = ByteWriter(capacity: Self.headerLength)
            writer.write(Self.versionAndLength)
            writer.write(UInt8(0))
            writer.write(UInt16(Self.headerLength + datagramLength))
            // No identification, no fragment.
            writer.write(UInt32(0))
            writer.write(Self.timeToLive)
            writer.write(Self.udp)
            writer.write(checksum)
            writer.write(sourceAddress)
            writer.write(destinationAddress)
            return writer.bytes
        }
        return header(checksum: Self.checksum(of: header(checksum: 0)[...]))
    }

    private func udpDatagram(_ body: [UInt8]) -> [UInt8] {
        let length = UInt16(Self.udpHeaderLength + body.count)
        func datagram(checksum: UInt16) -> [UInt8] {
            var writer = ByteWriter(capacity: Int(length))
            writer.write(sourcePort)
            writer.write(destinationPort)
            writer.write(length)
            writer.write(checksum)
            writer.write(body)
            return writer.bytes
        }
        var pseudo = ByteWriter(capacity: 12)
        pseudo.write(sourceAddress)
        pseudo.write(destinationAddress)
        pseudo.write(UInt16(Self.udp))
        pseudo.write(length)
        let sum = Self.checksum(of: (pseudo.bytes + datagram(checksum: 0))[...])
        // 0 says that there is none.
        return datagram(checksum: sum == 0 ? 0xFFFF : sum)
    }

    /// The checksum of RFC 1071; 0 for what has the right one in it.
    private static func checksum(of bytes: ArraySlice<UInt8>) -> UInt16 {
        var sum: UInt64 = 0
        for (offset, byte) in bytes.enumerated() { sum += UInt64(byte) << (offset % 2 == 0 ? 8 : 0) }
        while sum > 0xFFFF { sum = sum >> 16 + sum & 0xFFFF }
        return ~UInt16(sum)
    }
}

extension ByteReader {
    /// The next byte, which is still to be read.
    fileprivate static func peek(_ reader: ByteReader) throws(WireError) -> UInt8 {
        var reader = reader
        return try reader.read()
    }
}
