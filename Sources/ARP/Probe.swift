public import Wire

/// An address that is looked for on a network before it is used there.
public struct Probe: Hashable, Comparable, Sendable {
    /// The address.
    public var address: IPAddress
    /// The interface that leads to the network.
    public var interfaceIndex: UInt32

    /// The probe for `address` on the network of the interface with this index.
    public init(_ address: IPAddress, on interfaceIndex: UInt32) {
        self.address = address
        self.interfaceIndex = interfaceIndex
    }

    /// Whether `left` comes before `right`.
    public static func < (left: Probe, right: Probe) -> Bool {
        (left.interfaceIndex, left.address) < (right.interfaceIndex, right.address)
    }
}
