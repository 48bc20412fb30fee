public import Wire

/// A DHCP message (RFC 2131 section 2) for Ethernet: 236 bytes of fixed fields, the magic cookie, and options. The fields that
/// the options overload, `sname` and `file`, are neither read nor written.
public struct Message: Hashable, Sendable {
    /// Who sends it.
    public enum Operation: UInt8, Hashable, Sendable {
        /// BOOTREQUEST: a client.
        case request = 1
        /// BOOTREPLY: a server.
        case reply = 2
    }

    /// DHCP Message Type (RFC 2132 section 9.6), of those that are in use here.
    public struct Kind: RawRepresentable, Hashable, Sendable {
        /// The number on the wire.
        public let rawValue: UInt8

        /// The type with this number.
        public init(rawValue: UInt8) {
            self.rawValue = rawValue
        }

        /// DHCPDISCOVER: who would give me an address?
        public static let discover = Kind(rawValue: 1)
        /// DHCPOFFER: I would, this one.
        public static let offer = Kind(rawValue: 2)
    }

    /// `op`, 1 byte.
    public var operation: Operation
    /// `xid`, 4 bytes: chosen by the client, and repeated by the server.
    public var transactionID: UInt32
    /// The flag of `flags` by which a client asks for answers to all, since it has no address yet (RFC 2131 section 4.1).
    public var isBroadcast: Bool
    /// `yiaddr`, 4 bytes: the client's address, as the server says; 0.0.0.0 for none.
    public var yourAddress: IPv4Address
    /// `giaddr`, 4 bytes: the relay that passed it on; 0.0.0.0 for none.
    public var relayAddress: IPv4Address
    /// `chaddr`, 16 bytes of which Ethernet takes 6: the client's hardware address.
    public var clientHardwareAddress: MACAddress
    /// The options, in their order, each code once.
    public var options: [Option]

    /// A message with these fields.
    public init(
        operation: Operation, transactionID: UInt32, isBroadcast: Bool = false, yourAddress: IPv4Address = .unspecified,
        relayAddress: IPv4Address = .unspecified, clientHardwareAddress: MACAddress, options: [Option] = []
    ) {
        self.operation = operation
        self.transactionID = transactionID
        self.isBroadcast = isBroadcast
        self.yourAddress = yourAddress
        self.relayAddress = relayAddress
        self.clientHardwareAddress = clientHardwareAddress
        self.options = options
    }

    /// htype 1 and hlen 6, as the second and third byte have them: Ethernet.
    private static let ethernet: UInt16 = 0x0106
    /// 99, 130, 83, 99 (RFC 2131 section 3): options follow.
    private static let magicCookie: UInt32 = 0x6382_5363
    /// The length of `sname` and `file` together, in bytes.
    private static let namesLength = 192
    /// The highest bit of `flags`.
    private static let broadcastFlag: UInt16 = 0x8000
    /// BOOTP's message has no less, and there are relays that drop shorter ones (RFC 1542 section 2.1).
    static let minimumLength = 300

    /// Reads the whole of a UDP datagram.
    ///
    /// - Throws: `WireError` where the message is cut short, is not for Ethernet, or has no options.
    public init(_ bytes: ArraySlice<UInt8>) throws(WireError) {
        var reader = ByteReader(bytes)
        let code: UInt8 = try reader.read()
        guard let operation = Operation(rawValue: code) else { throw .invalid(field: "op", value: UInt64(code)) }
        self.operation = operation
        let hardware: UInt16 = try reader.read()
        guard hardware == Self.ethernet else { throw .invalid(field: "htype and hlen", value: UInt64(hardware)) }
        // hops; secs after xid.
        _ = try reader.read(1)
        transactionID = try reader.read()
        _ = try reader.read(2)
        isBroadcast = try reader.read(UInt16.self) & Self.broadcastFlag != 0
        // ciaddr; siaddr after yiaddr.
        _ = try reader.read(4)
        yourAddress = try reader.readIPv4Address()
        _ = try reader.read(4)
        relayAddress = try reader.readIPv4Address()
        clientHardwareAddress = try reader.readMACAddress()
        _ = try reader.read(10 + Self.namesLength)
        let cookie: UInt32 = try reader.read()
        guard cookie == Self.magicCookie else { throw .invalid(field: "magic cookie", value: UInt64(cookie)) }
        options = try Option.readAll(from: &reader)
    }

    /// Appends the message, with padding behind the options up to 300 bytes.
    public func write(to writer: inout ByteWriter) {
        let start = writer.bytes.count
        writer.write(operation.rawValue)
        writer.write(Self.ethernet)
        writer.write(UInt8(0))
        writer.write(transactionID)
        writer.write(UInt16(0))
        writer.write(isBroadcast ? Self.broadcastFlag : 0)
        writer.write(UInt32(0))
        writer.write(yourAddress)
        writer.write(UInt32(0))
        writer.write(relayAddress)
        writer.write(clientHardwareAddress)
        writer.write([UInt8](repeating: 0, count: 10 + Self.namesLength))
        writer.write(Self.magicCookie)
        for option in options { option.write(to: &writer) }
        writer.write(Option.Code.end.rawValue)
        let missing = Self.minimumLength - (writer.bytes.count - start)
        if missing > 0 { writer.write([UInt8](repeating: 0, count: missing)) }
    }

    /// The value of an option; nil where it is not there.
    public subscript(code: Option.Code) -> [UInt8]? {
        options.first { $0.code == code }?.value
    }

    /// DHCP Message Type; nil where it is missing, as in a message of BOOTP's.
    public var kind: Kind? {
        guard let value = self[.messageType], value.count == 1 else { return nil }
        return Kind(rawValue: value[0])
    }

    /// The address of the server that answers; nil where it does not say.
    public var serverIdentifier: IPv4Address? {
        guard let value = self[.serverIdentifier], value.count == 4 else { return nil }
        var reader = ByteReader(value)
        return try? reader.readIPv4Address()
    }
}

extension IPv4Address {
    /// 255.255.255.255: all hosts of this network (RFC 919).
    static let limitedBroadcast = IPv4Address(rawValue: 0xFFFF_FFFF)
}
