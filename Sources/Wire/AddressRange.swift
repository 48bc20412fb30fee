/// A run of addresses of one family, both ends included; never empty.
public struct AddressRange: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The lowest address.
    public let first: IPAddress
    /// The highest address.
    public let last: IPAddress

    /// The addresses from `first` to `last`; nil where they are of two families or reversed.
    public init?(_ first: IPAddress, _ last: IPAddress) {
        guard first.family == last.family, first <= last else { return nil }
        self.init(uncheckedFirst: first, last: last)
    }

    init(uncheckedFirst first: IPAddress, last: IPAddress) {
        self.first = first
        self.last = last
    }

    /// The family of all addresses in the range.
    public var family: AddressFamily { first.family }

    /// The number of addresses; saturates for the whole IPv6 space.
    public var count: UInt128 {
        let (count, overflow) = (last.rawValue - first.rawValue).addingReportingOverflow(1)
        return overflow ? .max : count
    }

    /// Whether `address` lies in the range.
    public func contains(_ address: IPAddress) -> Bool {
        first <= address && address <= last
    }

    /// Whether the two ranges share an address.
    public func overlaps(_ other: AddressRange) -> Bool {
        first <= other.last && other.first <= last
    }

    /// Whether `left` comes before `right`.
    public static func < (left: AddressRange, right: AddressRange) -> Bool {
        (left.first, left.last) < (right.first, right.last)
    }

    /// `FIRST-LAST`.
    public var description: String { "\(first)-\(last)" }
}
