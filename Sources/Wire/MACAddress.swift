/// An Ethernet address (EUI-48): the lower 48 bits of `rawValue`, first byte highest.
public struct MACAddress: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The 48 bits of the address.
    public let rawValue: UInt64

    /// The address with these 48 bits; higher ones are dropped.
    public init(rawValue: UInt64) {
        self.rawValue = rawValue & 0xFFFF_FFFF_FFFF
    }

    /// Parses six pairs of hexadecimal digits joined by colons. Returns nil for anything else.
    public init?(_ text: some StringProtocol) {
        let pairs = text.utf8.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        guard pairs.count == 6 else { return nil }
        var value: UInt64 = 0
        for pair in pairs {
            let digits = String(decoding: pair, as: UTF8.self)
            // A sign would be read as well.
            guard digits.utf8.count == 2, digits.allSatisfy(\.isHexDigit), let byte = UInt8(digits, radix: 16) else {
                return nil
            }
            value = value << 8 | UInt64(byte)
        }
        self.init(rawValue: value)
    }

    /// The broadcast address ff:ff:ff:ff:ff:ff.
    public static let broadcast = MACAddress(rawValue: 0xFFFF_FFFF_FFFF)
    /// The address 00:00:00:00:00:00, which stands for "unknown" in an ARP request.
    public static let zero = MACAddress(rawValue: 0)

    /// Whether it stands for a group of interfaces (the I/G bit of the first byte): multicast or broadcast.
    public var isMulticast: Bool { rawValue >> 40 & 1 == 1 }

    /// Whether a program made it up, rather than IEEE gave it to a maker (the U/L bit of the first byte).
    public var isLocal: Bool { rawValue >> 41 & 1 == 1 }

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
