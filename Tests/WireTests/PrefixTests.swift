import Testing
import Wire

@Suite struct PrefixTests {
    @Test(arguments: [
        ("192.168.2.128/25", "192.168.2.128", "192.168.2.255"), ("192.168.2.77/24", "192.168.2.0", "192.168.2.255"),
        ("10.0.0.1/32", "10.0.0.1", "10.0.0.1"), ("10.0.0.1/0", "0.0.0.0", "255.255.255.255"),
        ("128.0.0.0/1", "128.0.0.0", "255.255.255.255"), ("fd00::5/64", "fd00::", "fd00::ffff:ffff:ffff:ffff"),
        ("fd00::5/128", "fd00::5", "fd00::5"), ("fd00::5/127", "fd00::4", "fd00::5"),
        ("::/0", "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ])
    func aBlockHasItsEnds(text: String, first: String, last: String) throws {
        let prefix = try #require(Prefix(text))
        #expect(prefix.description == text)
        #expect(prefix.range.description == "\(first)-\(last)")
        #expect(prefix.contains(prefix.range.first) && prefix.contains(prefix.range.last))
    }

    @Test(arguments: [
        "192.168.2.0/33", "fd00::/129", "192.168.2.0", "192.168.2.0/", "/24", "192.168.2.0/24/24", "192.168.2.0/-1",
        "192.168.2.0/+8", "192.168.2.0/ 8", "192.168.2.0/08", "192.168.2.0/00", "192.168.2.0/0024", "192.168.2/24",
        "192.168.2.0/255.255.255.0", "fd00::%1/64", "192.168.2.0/٨",
    ])
    func otherTextIsRefused(text: String) {
        #expect(Prefix(text) == nil)
    }

    @Test func aBlockContainsItsOwnFamilyOnly() throws {
        let prefix = try #require(Prefix("0.0.0.0/0"))
        let ipv6 = try #require(IPAddress("::1"))
        #expect(!prefix.contains(ipv6))
        let half = try #require(Prefix("192.168.2.200/25"))
        for (text, isInside) in [("192.168.2.127", false), ("192.168.2.128", true), ("192.168.3.128", false)] {
            #expect(IPAddress(text).map { half.contains($0) } == isInside)
        }
    }

    @Test func aLengthBeyondTheFamilyIsRefused() throws {
        let address = try #require(IPAddress("10.0.0.1"))
        #expect(Prefix(address, length: 32) != nil)
        #expect(Prefix(address, length: 33) == nil)
        #expect(Prefix(address, length: -1) == nil)
    }
}

@Suite struct AddressRangeTests {
    private func range(_ first: String, _ last: String) -> AddressRange? {
        guard let first = IPAddress(first), let last = IPAddress(last) else { return nil }
        return AddressRange(first, last)
    }

    @Test(arguments: [
        ("10.0.0.1", "10.0.0.1", 1), ("192.168.2.128", "192.168.2.254", 127), ("0.0.0.0", "255.255.255.255", 1 << 32),
        ("fd00::", "fd00::ffff:ffff:ffff:ffff", 1 << 64),
        ("::1", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", UInt128.max),
        // One more than the number holds.
        ("::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", UInt128.max),
    ])
    func theAddressesAreCounted(first: String, last: String, count: UInt128) {
        #expect(range(first, last)?.count == count)
    }

    @Test func reversedAndMixedRangesAreRefused() {
        #expect(range("10.0.0.2", "10.0.0.1") == nil)
        #expect(range("10.0.0.2", "fd00::1") == nil)
        #expect(range("fd00::1", "10.0.0.2") == nil)
    }

    @Test func bothEndsBelongToIt() throws {
        let pool = try #require(range("10.0.0.10", "10.0.0.20"))
        for (text, isInside) in [
            ("10.0.0.9", false), ("10.0.0.10", true), ("10.0.0.20", true), ("10.0.0.21", false), ("::a00:f", false),
        ] {
            #expect(IPAddress(text).map { pool.contains($0) } == isInside)
        }
    }

    @Test func rangesOverlapWhereTheyShareAnAddress() throws {
        let pool = try #require(range("10.0.0.10", "10.0.0.20"))
        for (first, last, overlaps) in [
            ("10.0.0.1", "10.0.0.9", false), ("10.0.0.1", "10.0.0.10", true), ("10.0.0.12", "10.0.0.13", true),
            ("10.0.0.1", "10.0.0.99", true), ("10.0.0.20", "10.0.0.20", true), ("10.0.0.21", "10.0.0.30", false),
        ] {
            let other = try #require(range(first, last))
            #expect(pool.overlaps(other) == overlaps)
            #expect(other.overlaps(pool) == overlaps)
        }
    }
}
