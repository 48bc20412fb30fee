internal import Wire

/// The requests that put addresses on interfaces, and what tells those of lbd's from others.
extension Message {
    /// IFA_PROTO of the addresses that lbd places (linux/if_addr.h; kernels before 5.18 do not know it): the letter l. The kernel
    /// itself uses 1 to 3.
    public static let placementMark: UInt8 = 0x6C
    /// IFLA_GROUP of the interface that lbd makes: the letters lbd.
    public static let deviceMark: UInt32 = 0x6C6264
    /// The name of that interface.
    public static let deviceName = "lbd0"

    /// The bits of IFA_FLAGS that are set (linux/if_addr.h).
    private enum AddressFlag {
        /// IFA_F_NODAD: who else has the address is found out in other ways.
        static let noDuplicateDetection: UInt32 = 0x02
        /// IFA_F_NOPREFIXROUTE: nothing is reached by it.
        static let noPrefixRoute: UInt32 = 0x200
    }

    /// How far an address is valid (linux/rtnetlink.h): the kernel takes a source address for another host from those that
    /// reach as far as that.
    public enum Scope: UInt8, Hashable, Sendable {
        /// RT_SCOPE_UNIVERSE.
        case universe = 0
        /// RT_SCOPE_HOST.
        case host = 254
    }

    private static let deviceKind = "dummy"
    private static let kindAttribute: UInt16 = 1

    /// The request that puts `holding` on its interface, valid for `seconds` and not preferred; in IPv6 the address itself says
    /// what its scope is. It fails with EEXIST where the interface bears the address already, unless `replaces`: then only its
    /// lifetime is changed.
    public static func hold(
        _ holding: Holding, scope: Scope, seconds: UInt32, replaces: Bool, sequence: UInt32
    ) -> Message {
        var payload = holding.header(scope: scope)
        payload.write(
            AddressMessage.AttributeType.flags, number: AddressFlag.noDuplicateDetection | AddressFlag.noPrefixRoute)
        // struct ifa_cacheinfo: preferred for 0 s, valid, and two times that the kernel sets.
        var lifetimes = ByteWriter(capacity: 16)
        for number in [0, seconds, 0, 0] { lifetimes.writeNative(number) }
        payload.write(AddressMessage.AttributeType.cacheInfo, lifetimes.bytes)
        payload.write(AddressMessage.AttributeType.proto, [placementMark])
        return Message(
            type: Kind.newAddress, flags: [.request, .acknowledge, .create, replaces ? .replace : .exclusive],
            sequence: sequence, payload: ArraySlice(payload.bytes))
    }

    /// The request that takes `holding` off its interface.
    public static func drop(_ holding: Holding, sequence: UInt32) -> Message {
        Message(
            type: Kind.deleteAddress, flags: [.request, .acknowledge], sequence: sequence,
            payload: ArraySlice(holding.header(scope: .universe).bytes))
    }

    /// The request for the link called `deviceName`.
    public static func deviceRequest(sequence: UInt32) -> Message {
        var payload = LinkMessage.header(index: 0)
        payload.write(LinkMessage.AttributeType.name, text: deviceName)
        payload.write(LinkMessage.AttributeType.extensionMask, number: LinkMessage.skipStatistics)
        return Message(
            type: Kind.getLink, flags: .request, sequence: sequence, payload: ArraySlice(payload.bytes))
    }

    /// The request that makes a link of the kind `dummy` called `deviceName`, with lbd's mark, and sets it up.
    public static func makeDevice(sequence: UInt32) -> Message {
        var payload = LinkMessage.header(index: 0, flags: LinkMessage.Flag.up)
        payload.write(LinkMessage.AttributeType.name, text: deviceName)
        payload.write(LinkMessage.AttributeType.group, number: deviceMark)
        var kind = ByteWriter(capacity: 12)
        kind.write(kindAttribute, text: deviceKind)
        payload.write(LinkMessage.AttributeType.linkInfo, kind.bytes)
        return Message(
            type: Kind.newLink, flags: [.request, .acknowledge, .create, .exclusive], sequence: sequence,
            payload: ArraySlice(payload.bytes))
    }

    /// The request that removes the link `index`, with all addresses on it.
    public static func removeDevice(_ index: UInt32, sequence: UInt32) -> Message {
        Message(
            type: Kind.deleteLink, flags: [.request, .acknowledge], sequence: sequence,
            payload: ArraySlice(LinkMessage.header(index: index).bytes))
    }
}

extension Holding {
    /// A struct ifaddrmsg and the attributes that name the address.
    fileprivate func header(scope: Message.Scope) -> ByteWriter {
        var bytes = ByteWriter(capacity: 16)
        let family: UInt8
        switch address {
        case .v4(let address):
            family = AddressMessage.Family.ipv4
            bytes.write(address)
        case .v6(let address):
            family = AddressMessage.Family.ipv6
            bytes.write(address)
        }
        var payload = ByteWriter(capacity: 96)
        payload.write([family, UInt8(address.family.bitWidth), 0, scope.rawValue])
        payload.writeNative(interfaceIndex)
        payload.write(AddressMessage.AttributeType.local, bytes.bytes)
        payload.write(AddressMessage.AttributeType.address, bytes.bytes)
        return payload
    }
}

extension LinkMessage {
    /// A struct ifinfomsg that is to set the bits `flags`.
    fileprivate static func header(index: UInt32, flags: UInt32 = 0) -> ByteWriter {
        var payload = ByteWriter(capacity: 64)
        // Every family, and the kind of hardware is not asked for.
        payload.writeNative(UInt32(0))
        for number in [index, flags, flags] { payload.writeNative(number) }
        return payload
    }
}
