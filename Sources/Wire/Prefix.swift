/// A block of addresses that share their first `length` bits (CIDR, RFC 4632).
public struct Prefix: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The address as it was written; its host bits may be set, as in an interface's address.
    public let address: IPAddress
    /// The number of leading bits that all addresses of the block share: 0…32 or 0…128.
    public let length: Int

    /// The block of `length` bits around `address`; nil where the family has fewer bits than `length`.
    public init?(_ address: IPAddress, length: Int) {
        guard (0...address.family.bitWidth).contains(length) else { return nil }
        self.address = address
        self.length = length
    }

    /// Parses `ADDRESS/LENGTH`, the length in decimal without leading zeros; nil for anything else.
    public init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let address = IPAddress(parts[0]),
            (1...3).contains(parts[1].utf8.count),
            parts[1].utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            parts[1].utf8.count == 1 || parts[1].utf8.first != UInt8(ascii: "0"),
            let length = Int(parts[1])
        else { return nil }
        self.init(address, length: length)
    }

    private var hostMask: UInt128 {
        let hostBits = address.family.bitWidth - length
        return hostBits == 128 ? .max : (1 << UInt128(hostBits)) - 1
    }

    /// The addresses of the block, the first and the last included.
    public var range: AddressRange {
        AddressRange(
            uncheckedFirst: IPAddress(address.family, rawValue: address.rawValue & ~hostMask),
            last: IPAddress(address.family, rawValue: address.rawValue | hostMask))
    }

    /// Whether `other` lies in the block.
    public func contains(_ other: IPAddress) -> Bool {
        other.family == address.family && (other.rawValue ^ address.rawValue) & ~hostMask == 0
    }

    /// Whether `left` comes before `right`.
    public static func < (left: Prefix, right: Prefix) -> Bool {
        (left.address, left.length) < (right.address, right.length)
    }

    /// `ADDRESS/LENGTH`.
    public var description: String { "\(address)/\(length)" }
}
