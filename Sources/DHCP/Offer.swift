public import Wire

/// What a server would give to a client that asks.
public struct Offer: Hashable, Comparable, Sendable {
    /// The interface that it was heard on.
    public var interfaceIndex: UInt32
    /// The server, as it names itself; by the address that it sends from where it does not.
    public var server: IPv4Address
    /// The Ethernet address that it came from: the server's, or that of a relay or router before it.
    public var station: MACAddress
    /// The address that the client would get.
    public var address: IPv4Address

    /// An offer.
    public init(interfaceIndex: UInt32, server: IPv4Address, station: MACAddress, address: IPv4Address) {
        self.interfaceIndex = interfaceIndex
        self.server = server
        self.station = station
        self.address = address
    }

    /// Whether `left` comes before `right`.
    public static func < (left: Offer, right: Offer) -> Bool {
        (left.interfaceIndex, left.server, left.address, left.station)
            < (right.interfaceIndex, right.server, right.address, right.station)
    }
}
