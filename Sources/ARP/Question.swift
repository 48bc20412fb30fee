public import Wire

/// Who has an address on a network?
public struct Question: Hashable, Comparable, Sendable {
    /// The address.
    public var address: IPAddress
    /// The interface that leads to the network.
    public var interfaceIndex: UInt32

    /// The question who has `address` on the network of the interface with this index.
    public init(_ address: IPAddress, on interfaceIndex: UInt32) {
        self.address = address
        self.interfaceIndex = interfaceIndex
    }

    /// Whether `left` comes before `right`.
    public static func < (left: Question, right: Question) -> Bool {
        (left.interfaceIndex, left.address) < (right.interfaceIndex, right.address)
    }
}
