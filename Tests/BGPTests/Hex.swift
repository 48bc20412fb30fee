import Wire

@testable import BGP

/// The bytes that hexadecimal digits stand for; anything else between them has no meaning.
func bytes(_ hex: String) -> [UInt8] {
    let digits = hex.compactMap(\.hexDigitValue)
    return stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
}

/// A message as it goes on the wire: a marker before these digits, which begin with the length.
func message(_ hex: String) -> [UInt8] { Array(repeating: 0xFF, count: 16) + bytes(hex) }

extension IPv4Address: ExpressibleByStringLiteral {
    /// An address that a test writes; what is none stops the test.
    public init(stringLiteral text: String) {
        guard let address = IPv4Address(text) else { preconditionFailure("\(text) is no address") }
        self = address
    }
}

extension IPv6Address: ExpressibleByStringLiteral {
    /// An address that a test writes; what is none stops the test.
    public init(stringLiteral text: String) {
        guard let address = IPv6Address(text) else { preconditionFailure("\(text) is no address") }
        self = address
    }
}

extension IPAddress: ExpressibleByStringLiteral {
    /// An address that a test writes; what is none stops the test.
    public init(stringLiteral text: String) {
        guard let address = IPAddress(text) else { preconditionFailure("\(text) is no address") }
        self = address
    }
}

extension Prefix: ExpressibleByStringLiteral {
    /// A prefix that a test writes; what is none stops the test.
    public init(stringLiteral text: String) {
        guard let prefix = Prefix(text) else { preconditionFailure("\(text) is no prefix") }
        self = prefix
    }
}
