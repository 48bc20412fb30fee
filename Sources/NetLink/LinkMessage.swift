public import Wire

/// What RTM_NEWLINK and RTM_DELLINK tell of a link (rtnetlink(7)): a struct ifinfomsg of 16 bytes and attributes.
public struct LinkMessage: Hashable, Sendable {
    /// ifi_index: the kernel's number for the link; never 0.
    public var index: UInt32
    /// ifi_flags, the bits IFF_… of linux/if.h.
    public var flags: UInt32
    /// IFLA_IFNAME.
    public var name: String
    /// IFLA_ADDRESS; nil where it is not 6 bytes long.
    public var macAddress: MACAddress?
    /// IFLA_MASTER; nil for none.
    public var masterIndex: UInt32?
    /// IFLA_GROUP: a number that people and programs sort links by; 0 unless somebody has set it.
    public var group: UInt32
    /// IFLA_EVENT is IFLA_EVENT_NOTIFY_PEERS: the link's frames take another way from now on, such as after a change of a
    /// bond's active slave or a virtual machine's move, and the kernel announces its own addresses on it.
    public var notifiesPeers: Bool

    static let headerLength = 16
    /// RTEXT_FILTER_SKIP_STATS.
    static let skipStatistics: UInt32 = 1 << 3

    enum AttributeType {
        static let address: UInt16 = 1
        static let name: UInt16 = 3
        static let master: UInt16 = 10
        static let wireless: UInt16 = 11
        static let linkInfo: UInt16 = 18
        static let group: UInt16 = 27
        static let extensionMask: UInt16 = 29
        static let event: UInt16 = 44
    }

    /// IFLA_EVENT_NOTIFY_PEERS.
    static let eventNotifyPeers: UInt32 = 4

    /// The bits of `flags` that make an `Interface`.
    enum Flag {
        static let up: UInt32 = 0x1
        static let broadcast: UInt32 = 0x2
        static let loopback: UInt32 = 0x8
        /// The kernel sets it where the operational state (RFC 2863) is up or unknown.
        static let running: UInt32 = 0x40
        static let noARP: UInt32 = 0x80
    }

    /// A link with these properties.
    public init(
        index: UInt32, flags: UInt32, name: String, macAddress: MACAddress? = nil, masterIndex: UInt32? = nil,
        group: UInt32 = 0, notifiesPeers: Bool = false
    ) {
        self.index = index
        self.flags = flags
        self.name = name
        self.macAddress = macAddress
        self.masterIndex = masterIndex
        self.group = group
        self.notifiesPeers = notifiesPeers
    }

    /// Reads the payload of RTM_NEWLINK or RTM_DELLINK; nil where it does not describe a whole link: a bridge's word on
    /// one of its ports (its RTM_DELLINK means that the port left, not that it is gone), or a wireless event.
    ///
    /// - Throws: `WireError` where it is cut short, or bears no index or name.
    public init?(payload: ArraySlice<UInt8>) throws(WireError) {
        var reader = ByteReader(payload)
        let family: UInt8 = try reader.read()
        _ = try reader.read(3)
        let index: UInt32 = try reader.readNative()
        let flags: UInt32 = try reader.readNative()
        _ = try reader.read(4)
        guard family == 0 else { return nil }
        guard index != 0, index <= Int32.max else { throw .invalid(field: "ifi_index", value: UInt64(index)) }
        self.init(index: index, flags: flags, name: "")
        while let attribute = try Attribute.next(in: &reader) {
            switch attribute.type {
            case AttributeType.wireless: return nil
            case AttributeType.name: name = attribute.text
            case AttributeType.master: masterIndex = try attribute.number()
            case AttributeType.group: group = try attribute.number()
            case AttributeType.event: notifiesPeers = try attribute.number() == Self.eventNotifyPeers
            case AttributeType.address where attribute.value.count == 6:
                var value = ByteReader(attribute.value)
                macAddress = try value.readMACAddress()
            default: break
            }
        }
        guard !name.isEmpty else { throw .malformed(text: name, expected: "the name of an interface") }
        if masterIndex == 0 { masterIndex = nil }
    }
}
