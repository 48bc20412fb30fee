public import Wire

/// The router that the rest of the world is reached by on an interface.
public struct Gateway: Hashable, Comparable, Sendable {
    /// The interface's number.
    public var interfaceIndex: UInt32
    /// The router's address there.
    public var address: IPv4Address

    /// The router `address` on the interface `interfaceIndex`.
    public init(_ address: IPv4Address, on interfaceIndex: UInt32) {
        self.interfaceIndex = interfaceIndex
        self.address = address
    }

    /// Whether `left` comes before `right`.
    public static func < (left: Gateway, right: Gateway) -> Bool {
        (left.interfaceIndex, left.address) < (right.interfaceIndex, right.address)
    }
}
