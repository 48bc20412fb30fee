public import Wire

/// What RTM_NEWROUTE tells of a route (rtnetlink(7)): a struct rtmsg of 12 bytes and attributes.
public struct RouteMessage: Hashable, Sendable {
    /// RTA_OIF: the interface by which the route leaves.
    public var interfaceIndex: UInt32
    /// RTA_GATEWAY: the router that it leads to; nil where the destination is on the link itself.
    public var gateway: IPv4Address?

    static let headerLength = 12
    /// rtm_family of IPv4 and IPv6 (linux/socket.h).
    static let ipv4: UInt8 = 2
    static let ipv6: UInt8 = 10
    /// rtm_type of what this host takes for its own (RTN_LOCAL).
    private static let local: UInt8 = 2

    enum AttributeType {
        static let destination: UInt16 = 1
        static let interface: UInt16 = 4
        static let gateway: UInt16 = 5
    }

    /// A route with these properties.
    public init(interfaceIndex: UInt32, gateway: IPv4Address? = nil) {
        self.interfaceIndex = interfaceIndex
        self.gateway = gateway
    }

    /// Whether the payload of RTM_NEWROUTE, of whichever family, tells of a route to this host itself.
    static func isLocal(payload: ArraySlice<UInt8>) -> Bool {
        var reader = ByteReader(payload)
        return (try? reader.read(Self.headerLength))?.dropFirst(7).first == Self.local
    }

    /// Reads the payload of RTM_NEWROUTE; nil for a family other than IPv4.
    ///
    /// - Throws: `WireError` where it is cut short, or bears no interface.
    public init?(payload: ArraySlice<UInt8>) throws(WireError) {
        var reader = ByteReader(payload)
        let family: UInt8 = try reader.read()
        _ = try reader.read(Self.headerLength - 1)
        guard family == Self.ipv4 else { return nil }
        var index: UInt32 = 0
        while let attribute = try Attribute.next(in: &reader) {
            switch attribute.type {
            case AttributeType.interface: index = try attribute.number()
            case AttributeType.gateway:
                var value = ByteReader(attribute.value)
                gateway = try value.readIPv4Address()
            default: break
            }
        }
        guard index != 0, index <= Int32.max else { throw .invalid(field: "RTA_OIF", value: UInt64(index)) }
        interfaceIndex = index
    }
}

extension Message {
    /// The request for the route to `destination` by the interface `index`, as `ip route get DESTINATION oif INTERFACE` has
    /// it: a struct rtmsg, RTA_DST and RTA_OIF.
    public static func routeRequest(to destination: IPv4Address, by index: UInt32, sequence: UInt32) -> Message {
        var address = ByteWriter(capacity: 4)
        address.write(destination)
        var payload = routeRequest(RouteMessage.ipv4, address.bytes)
        payload.write(RouteMessage.AttributeType.interface, number: index)
        return Message(
            type: Kind.getRoute, flags: .request, sequence: sequence, payload: ArraySlice(payload.bytes))
    }

    /// The request for the route to `destination`, as `ip -6 route get DESTINATION` has it: a struct rtmsg and RTA_DST.
    static func routeRequest(to destination: IPv6Address, sequence: UInt32) -> Message {
        var address = ByteWriter(capacity: 16)
        address.write(destination)
        let payload = routeRequest(RouteMessage.ipv6, address.bytes)
        return Message(
            type: Kind.getRoute, flags: .request, sequence: sequence, payload: ArraySlice(payload.bytes))
    }

    private static func routeRequest(_ family: UInt8, _ destination: [UInt8]) -> ByteWriter {
        var payload = ByteWriter(capacity: 32)
        payload.write([family, UInt8(destination.count * 8)])
        payload.write([UInt8](repeating: 0, count: RouteMessage.headerLength - 2))
        payload.write(RouteMessage.AttributeType.destination, destination)
        return payload
    }
}
