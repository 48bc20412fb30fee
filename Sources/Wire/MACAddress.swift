/// An Ethernet address (EUI-48): the lower 48 bits of `rawValue`, first byte highest.
public struct MACAddress: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The 48 bits of the address.
    public let rawValue: UInt64

    /// The address with these 48 bits; higher ones are dropped.
    public init(rawValue: UInt64) {
        self.rawValue = rawValue & 0xFFFF_FFFF_FFFF
    }

    /// The broadcast address ff:ff:ff:ff:ff:ff.
    public static let broadcast = MACAddress(rawValue: 0xFFFF_FFFF_FFFF)
    /// The address 00:00:00:00:00:00, which stands for "unknown" in an ARP request.
    public static let zero = MACAddress(rawValue: 0)

    /// Whether it stands for a group of interfaces (the I/G bit of the first byte): multicast or broadcast.
    public var isMulticast: Bool { rawValue >> 40 & 1 == 1 }

    /// Whether `left` comes before `right`.
    public static func < (left: MACAddress, right: MACAddress) -> Bool {
        left.rawValue < right.rawValue
    }

    /// Six pairs of lower-case hexadecimal digits, joined by colons.
    public var description: String {
        stride(from: 40, through: 0, by: -8).map { shift in
            let byte = UInt8(truncatingIfNeeded: rawValue >> UInt64(shift))
            return (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }.joined(separator: ":")
    }
}
