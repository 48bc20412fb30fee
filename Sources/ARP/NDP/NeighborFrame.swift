public import Wire

/// An Ethernet II frame that carries a neighbour solicitation or advertisement (RFC 4861): a header of 14 bytes, IPv6's 40,
/// and the ICMPv6 message. Extension headers are not read: nobody sends them here, and RFC 6980 forbids fragments.
public struct NeighborFrame: Hashable, Sendable {
    /// What the frame tells.
    public enum Message: Hashable, Sendable {
        /// Who has this address?
        case solicitation(NeighborSolicitation)
        /// The sender has it.
        case advertisement(NeighborAdvertisement)
    }

    /// The first 6 bytes.
    public var destination: MACAddress
    /// The next 6 bytes.
    public var source: MACAddress
    /// The sender's address; `::` in a probe for a duplicate.
    public var sourceAddress: IPv6Address
    /// Who is to get it.
    public var destinationAddress: IPv6Address
    /// What it tells.
    public var message: Message

    /// The EtherType of IPv6.
    public static let etherType: UInt16 = 0x86DD
    /// Nothing longer is read, in bytes: an option or two of the longest kinds that are in use.
    public static let maximumLength = 256

    /// Version 6, no traffic class, no flow label.
    private static let versionAndFlow: UInt32 = 0x6000_0000
    static let icmpv6: UInt8 = 58
    /// Nothing that came by a router has it (RFC 4861 section 11.2).
    static let hopLimit: UInt8 = 255

    /// A frame with these fields.
    public init(
        destination: MACAddress, source: MACAddress, sourceAddress: IPv6Address, destinationAddress: IPv6Address,
        message: Message
    ) {
        self.destination = destination
        self.source = source
        self.sourceAddress = sourceAddress
        self.destinationAddress = destinationAddress
        self.message = message
    }

    /// Reads a frame, and looks at all that RFC 4861 sections 7.1.1 and 7.1.2 ask for; bytes after the message are padding.
    ///
    /// - Throws: `WireError` where the frame is cut short, carries something else, or is not valid.
    public init(_ bytes: ArraySlice<UInt8>) throws(WireError) {
        var reader = ByteReader(bytes)
        destination = try reader.readMACAddress()
        source = try reader.readMACAddress()
        let type: UInt16 = try reader.read()
        guard type == Self.etherType else { throw .invalid(field: "EtherType", value: UInt64(type)) }
        let version: UInt32 = try reader.read()
        guard version >> 28 == 6 else { throw .invalid(field: "version", value: UInt64(version >> 28)) }
        let length: UInt16 = try reader.read()
        let header: UInt8 = try reader.read()
        guard header == Self.icmpv6 else { throw .invalid(field: "next header", value: UInt64(header)) }
        let hopLimit: UInt8 = try reader.read()
        guard hopLimit == Self.hopLimit else { throw .invalid(field: "hop limit", value: UInt64(hopLimit)) }
        sourceAddress = try reader.readIPv6Address()
        guard !sourceAddress.isMulticast else { throw .invalid(field: "source", value: sourceAddress.high) }
        destinationAddress = try reader.readIPv6Address()
        let payload = try reader.read(Int(length))
        guard Self.checksum(payload, from: sourceAddress, to: destinationAddress) == 0 else {
            throw .invalid(field: "checksum", value: 0)
        }
        message = try Message(payload)
        guard isConsistent else { throw .invalid(field: "destination", value: destinationAddress.low) }
    }

    /// A host without an address asks the group, and does not say where it is; an answer to all is none to somebody.
    private var isConsistent: Bool {
        switch message {
        case .solicitation(let message):
            sourceAddress != .unspecified
                || destinationAddress == message.target.solicitedNodeGroup && message.sourceHardwareAddress == nil
        case .advertisement(let message):
            !destinationAddress.isMulticast || !message.flags.contains(.solicited)
        }
    }

    /// Appends the frame's bytes.
    public func write(to writer: inout ByteWriter) {
        var payload = ByteWriter(capacity: 32)
        message.write(to: &payload, checksum: 0)
        let checksum = Self.checksum(payload.bytes[...], from: sourceAddress, to: destinationAddress)
        payload.removeAll()
        message.write(to: &payload, checksum: checksum)
        writer.write(destination)
        writer.write(source)
        writer.write(Self.etherType)
        writer.write(Self.versionAndFlow)
        writer.write(UInt16(payload.bytes.count))
        writer.write(Self.icmpv6)
        writer.write(Self.hopLimit)
        writer.write(sourceAddress)
        writer.write(destinationAddress)
        writer.write(payload.bytes)
    }

    /// The checksum of an ICMPv6 message and what stands for its header (RFC 8200 section 8.1, RFC 1071); 0 for a message
    /// that has the right one in it.
    private static func checksum(
        _ payload: ArraySlice<UInt8>, from source: IPv6Address, to destination: IPv6Address
    ) -> UInt16 {
        var sum = UInt64(payload.count) + UInt64(icmpv6)
        for word in [source.high, source.low, destination.high, destination.low] {
            sum += word >> 48 + word >> 32 & 0xFFFF + word >> 16 & 0xFFFF + word & 0xFFFF
        }
        for (offset, byte) in payload.enumerated() { sum += UInt64(byte) << (offset % 2 == 0 ? 8 : 0) }
        while sum > 0xFFFF { sum = sum >> 16 + sum & 0xFFFF }
        return ~UInt16(sum)
    }
}

extension NeighborFrame.Message {
    /// Reads the whole of an ICMPv6 message.
    fileprivate init(_ bytes: ArraySlice<UInt8>) throws(WireError) {
        var reader = ByteReader(bytes)
        let type: UInt8 = try reader.read()
        let code: UInt8 = try reader.read()
        guard code == 0 else { throw .invalid(field: "code", value: UInt64(code)) }
        _ = try reader.read(UInt16.self)
        switch type {
        case NeighborSolicitation.type: self = .solicitation(try NeighborSolicitation(from: &reader))
        case NeighborAdvertisement.type: self = .advertisement(try NeighborAdvertisement(from: &reader))
        default: throw .invalid(field: "type", value: UInt64(type))
        }
    }

    fileprivate func write(to writer: inout ByteWriter, checksum: UInt16) {
        switch self {
        case .solicitation(let message):
            writer.write(NeighborSolicitation.type)
            writer.write(UInt8(0))
            writer.write(checksum)
            message.write(to: &writer)
        case .advertisement(let message):
            writer.write(NeighborAdvertisement.type)
            writer.write(UInt8(0))
            writer.write(checksum)
            message.write(to: &writer)
        }
    }
}

extension NeighborFrame {
    /// The answer to the `solicitation` in `frame`: its target is at `hardwareAddress`, told to the asker alone, and to all where the asker
    /// has no address yet (RFC 4861 section 7.2.4). Never as a router: an address of a Service forwards nothing.
    static func answer(
        to frame: NeighborFrame, _ solicitation: NeighborSolicitation, from hardwareAddress: MACAddress
    ) -> NeighborFrame {
        guard frame.sourceAddress != .unspecified else {
            return .unsolicited(for: solicitation.target, from: hardwareAddress)
        }
        return NeighborFrame(
            destination: solicitation.sourceHardwareAddress ?? frame.source, source: hardwareAddress,
            sourceAddress: solicitation.target, destinationAddress: frame.sourceAddress,
            message: .advertisement(
                NeighborAdvertisement(
                    flags: [.solicited, .override], target: solicitation.target,
                    targetHardwareAddress: hardwareAddress)))
    }

    /// The news to all on the link that `address` is at `hardwareAddress` (RFC 4861 section 7.2.6).
    static func unsolicited(for address: IPv6Address, from hardwareAddress: MACAddress) -> NeighborFrame {
        NeighborFrame(
            destination: IPv6Address.allNodes.groupHardwareAddress, source: hardwareAddress, sourceAddress: address,
            destinationAddress: .allNodes,
            message: .advertisement(
                NeighborAdvertisement(
                    flags: .override, target: address, targetHardwareAddress: hardwareAddress)))
    }
}
