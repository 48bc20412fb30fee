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
    /// ifa_flags and IFA_CACHEINFO. How long the address has still to live is left out: each renewal changes it.
    public var state: AddressState

    static let headerLength = 8

    enum AttributeType {
        static let address: UInt16 = 1
        static let local: UInt16 = 2
        static let cacheInfo: UInt16 = 6
        static let flags: UInt16 = 8
        static let proto: UInt16 = 11
    }

    /// IFA_F_DEPRECATED.
    private static let deprecated: UInt8 = 0x20

    /// ifa_family (linux/socket.h).
    enum Family {
        static let ipv4: UInt8 = 2
        static let ipv6: UInt8 = 10
    }

    /// The address `prefix` of an interface.
    public init(
        interfaceIndex: UInt32, prefix: Prefix, isPlaced: Bool = false, state: AddressState = AddressState()
    ) {
        self.interfaceIndex = interfaceIndex
        self.prefix = prefix
        self.isPlaced = isPlaced
        self.state = state
    }

    /// Reads the payload of RTM_NEWADDR or RTM_DELADDR; nil for a family other than IPv4 and IPv6.
    ///
    /// - Throws: `WireError` where it is cut short, or bears no address or index.
    public init?(payload: ArraySlice<UInt8>) throws(WireError) {
        var reader = ByteReader(payload)
        let family: UInt8 = try reader.read()
        let length: UInt8 = try reader.read()
        let flags: UInt8 = try reader.read()
        _ = try reader.read(1)
        let index: UInt32 = try reader.readNative()
        guard family == Family.ipv4 || family == Family.ipv6 else { return nil }
        guard index != 0, index <= Int32.max else { throw .invalid(field: "ifa_index", value: UInt64(index)) }
        var local: IPAddress?
        var address: IPAddress?
        var isPlaced = false
        var state = AddressState(isDeprecated: flags & Self.deprecated != 0)
        while let attribute = try Attribute.next(in: &reader) {
            switch attribute.type {
            case AttributeType.local: local = try Self.address(attribute.value, family)
            case AttributeType.address: address = try Self.address(attribute.value, family)
            case AttributeType.proto: isPlaced = attribute.value.first == Message.placementMark
            case AttributeType.cacheInfo: state.createdAt = try Self.creation(attribute.value)
            default: break
            }
        }
        guard let bearer = local ?? address else {
            throw .malformed(text: "", expected: "the address of an interface")
        }
        guard let prefix = Prefix(bearer, length: Int(length)) else {
            throw .invalid(field: "ifa_prefixlen", value: UInt64(length))
        }
        self.init(interfaceIndex: index, prefix: prefix, isPlaced: isPlaced, state: state)
    }

    /// The third of struct ifa_cacheinfo's numbers, behind the preferred and the valid lifetime.
    private static func creation(_ value: ArraySlice<UInt8>) throws(WireError) -> UInt32 {
        var reader = ByteReader(value)
        _ = try reader.read(8)
        return try reader.readNative()
    }

    private static func address(_ value: ArraySlice<UInt8>, _ family: UInt8) throws(WireError) -> IPAddress {
        var reader = ByteReader(value)
        if family == Family.ipv4 { return .v4(try reader.readIPv4Address()) }
        return .v6(try reader.readIPv6Address())
    }
}
