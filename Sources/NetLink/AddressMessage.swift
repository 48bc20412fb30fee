public import Wire

/// What RTM_NEWADDR and RTM_DELADDR tell of an interface's address (rtnetlink(7)): a struct ifaddrmsg of 8 bytes and
/// attributes.
public struct AddressMessage: Hashable, Sendable {
    /// ifa_index: the interface that bears it.
    public var interfaceIndex: UInt32
    /// IFA_LOCAL, else IFA_ADDRESS, with ifa_prefixlen: on a point-to-point link IFA_ADDRESS is the other end's.
    public var prefix: Prefix
    /// Whether lbd has put it there, this daemon or another: IFA_PROTO is `Message.placementMark`.
    public var isPlaced: Bool

    static let headerLength = 8

    enum AttributeType {
        static let address: UInt16 = 1
        static let local: UInt16 = 2
        static let cacheInfo: UInt16 = 6
        static let flags: UInt16 = 8
        static let proto: UInt16 = 11
    }

    /// ifa_family (linux/socket.h).
    enum Family {
        static let ipv4: UInt8 = 2
        static let ipv6: UInt8 = 10
    }

    /// The address `prefix` of an interface.
    public init(interfaceIndex: UInt32, prefix: Prefix, isPlaced: Bool = false) {
        self.interfaceIndex = interfaceIndex
        self.prefix = prefix
        self.isPlaced = isPlaced
    }

    /// Reads the payload of RTM_NEWADDR or RTM_DELADDR; nil for a family other than IPv4 and IPv6.
    ///
    /// - Throws: `WireError` where it is cut short, or bears no address or index.
    public init?(payload: ArraySlice<UInt8>) throws(WireError) {
        var reader = ByteReader(payload)
        let family: UInt8 = try reader.read()
        let length: UInt8 = try reader.read()
        _ = try reader.read(2)
        let index: UInt32 = try reader.readNative()
        guard family == Family.ipv4 || family == Family.ipv6 else { return nil }
        guard index != 0, index <= Int32.max else { throw .invalid(field: "ifa_index", value: UInt64(index)) }
        var local: IPAddress?
        var address: IPAddress?
        var isPlaced = false
        while let attribute = try Attribute.next(in: &reader) {
            switch attribute.type {
            case AttributeType.local: local = try Self.address(attribute.value, family)
            case AttributeType.address: address = try Self.address(attribute.value, family)
            case AttributeType.proto: isPlaced = attribute.value.first == Message.placementMark
            default: break
            }
        }
        guard let bearer = local ?? address else {
            throw .malformed(text: "", expected: "the address of an interface")
        }
        guard let prefix = Prefix(bearer, length: Int(length)) else {
            throw .invalid(field: "ifa_prefixlen", value: UInt64(length))
        }
        self.init(interfaceIndex: index, prefix: prefix, isPlaced: isPlaced)
    }

    private static func address(_ value: ArraySlice<UInt8>, _ family: UInt8) throws(WireError) -> IPAddress {
        var reader = ByteReader(value)
        if family == Family.ipv4 { return .v4(try reader.readIPv4Address()) }
        return .v6(try reader.readIPv6Address())
    }
}
