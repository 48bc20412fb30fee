/// An IPv4 address (RFC 791).
public struct IPv4Address: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The 32 bits of the address, first octet highest.
    public let rawValue: UInt32

    /// The address with these 32 bits.
    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// 0.0.0.0: none, or any.
    public static let unspecified = IPv4Address(rawValue: 0)

    /// Parses four decimal octets joined by dots, without leading zeros (which some readers take for octal).
    /// Returns nil for anything else.
    public init?(_ text: some StringProtocol) {
        let octets = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard octets.count == 4 else { return nil }
        var value: UInt32 = 0
        for octet in octets {
            guard let number = Self.octet(octet) else { return nil }
            value = value << 8 | number
        }
        self.init(rawValue: value)
    }

    private static func octet(_ digits: some Collection<UInt8>) -> UInt32? {
        guard (1...3).contains(digits.count), digits.count == 1 || digits.first != UInt8(ascii: "0") else { return nil }
        var value: UInt32 = 0
        for digit in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
            value = value * 10 + UInt32(digit - UInt8(ascii: "0"))
        }
        return value <= 255 ? value : nil
    }

    /// Whether `left` comes before `right`.
    public static func < (left: IPv4Address, right: IPv4Address) -> Bool {
        left.rawValue < right.rawValue
    }

    /// The usual dotted form.
    public var description: String {
        "\(rawValue >> 24).\(rawValue >> 16 & 255).\(rawValue >> 8 & 255).\(rawValue & 255)"
    }
}
