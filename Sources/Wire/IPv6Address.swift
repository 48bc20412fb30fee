/// An IPv6 address (RFC 4291), without a zone.
public struct IPv6Address: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The first eight bytes: the subnet prefix of most networks.
    public let high: UInt64
    /// The last eight bytes: the interface identifier of most networks.
    public let low: UInt64

    /// The address with these 128 bits.
    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// The 128 bits of the address.
    public var rawValue: UInt128 { UInt128(high) << 64 | UInt128(low) }

    /// The address with these 128 bits.
    public init(rawValue: UInt128) {
        self.init(high: UInt64(truncatingIfNeeded: rawValue >> 64), low: UInt64(truncatingIfNeeded: rawValue))
    }

    /// Parses the forms of RFC 4291 section 2.2: eight groups, `::` once for a run of zeros, and a dotted IPv4
    /// address in place of the last two groups. Returns nil for anything else, a zone (`%eth0`) included.
    public init?(_ text: some StringProtocol) {
        let text = String(text)
        let halves = Self.halves(of: text)
        guard let head = Self.groups(halves.head, dottedTailAllowed: halves.tail == nil) else { return nil }
        guard let tailText = halves.tail else {
            guard head.count == 8 else { return nil }
            self.init(groups: head)
            return
        }
        guard let tail = Self.groups(tailText, dottedTailAllowed: true), head.count + tail.count <= 7 else {
            return nil
        }
        self.init(groups: head + Array(repeating: 0, count: 8 - head.count - tail.count) + tail)
    }

    /// The text before and after the first `::`; a second `::` is left in the tail, where it fails as an empty group.
    private static func halves(of text: String) -> (head: Substring, tail: Substring?) {
        var previousIsColon = false
        for index in text.indices {
            let isColon = text[index] == ":"
            if isColon && previousIsColon {
                return (text[..<text.index(before: index)], text[text.index(after: index)...])
            }
            previousIsColon = isColon
        }
        return (text[...], nil)
    }

    private static func groups(_ text: Substring, dottedTailAllowed: Bool) -> [UInt16]? {
        guard !text.isEmpty else { return [] }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count <= 8 else { return nil }
        var groups: [UInt16] = []
        for (index, part) in parts.enumerated() {
            if dottedTailAllowed, index == parts.count - 1, part.contains("."), let dotted = IPv4Address(part) {
                groups.append(UInt16(truncatingIfNeeded: dotted.rawValue >> 16))
                groups.append(UInt16(truncatingIfNeeded: dotted.rawValue))
                continue
            }
            guard (1...4).contains(part.utf8.count), part.utf8.allSatisfy(isHexDigit),
                let value = UInt16(part, radix: 16)
            else { return nil }
            groups.append(value)
        }
        return groups.count <= 8 ? groups : nil
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
            UInt8(ascii: "A")...UInt8(ascii: "F"):
            true
        default: false
        }
    }

    private init(groups: [UInt16]) {
        self.init(rawValue: groups.reduce(0) { $0 << 16 | UInt128($1) })
    }

    /// Whether it is a group's: in ff00::/8 (RFC 4291 section 2.7).
    public var isMulticast: Bool { high >> 56 == 0xFF }

    /// Whether `left` comes before `right`.
    public static func < (left: IPv6Address, right: IPv6Address) -> Bool {
        (left.high, left.low) < (right.high, right.low)
    }

    /// The canonical form of RFC 5952: lower case, no leading zeros, the first longest run of zeros as `::`.
    public var description: String {
        let groups = (0..<8).map { UInt16(truncatingIfNeeded: rawValue >> UInt128((7 - $0) * 16)) }
        guard let zeros = Self.longestZeroRun(in: groups) else { return Self.joined(groups[...]) }
        return Self.joined(groups[..<zeros.lowerBound]) + "::" + Self.joined(groups[zeros.upperBound...])
    }

    private static func joined(_ groups: ArraySlice<UInt16>) -> String {
        groups.map { String($0, radix: 16) }.joined(separator: ":")
    }

    /// The first longest run of at least two zero groups.
    private static func longestZeroRun(in groups: [UInt16]) -> Range<Int>? {
        var longest: Range<Int>?
        var start = 0
        while start < groups.count {
            var end = start
            while end < groups.count, groups[end] == 0 { end += 1 }
            if end - start >= 2, end - start > (longest?.count ?? 0) { longest = start..<end }
            start = end + 1
        }
        return longest
    }
}
