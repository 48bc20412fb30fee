public import Wire

/// A Service's address that an interface of this node bears, or is to bear.
public struct Holding: Hashable, Comparable, Sendable {
    /// The address; its prefix is the host's own, /32 or /128.
    public var address: IPAddress
    /// The interface's index.
    public var interfaceIndex: UInt32

    /// The address `address` on the interface `interfaceIndex`.
    public init(_ address: IPAddress, on interfaceIndex: UInt32) {
        self.address = address
        self.interfaceIndex = interfaceIndex
    }

    /// Whether `left` comes before `right`.
    public static func < (left: Holding, right: Holding) -> Bool {
        (left.address, left.interfaceIndex) < (right.address, right.interfaceIndex)
    }
}
