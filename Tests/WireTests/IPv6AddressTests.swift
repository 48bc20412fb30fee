import Testing
import Wire

@Suite struct IPv6AddressTests {
    /// The examples of RFC 4291 sections 2.2 and 2.3 and of RFC 5952 sections 1, 2 and 4, with their canonical form.
    @Test(arguments: [
        ("ABCD:EF01:2345:6789:ABCD:EF01:2345:6789", "abcd:ef01:2345:6789:abcd:ef01:2345:6789"),
        ("2001:DB8:0:0:8:800:200C:417A", "2001:db8::8:800:200c:417a"),
        ("FF01:0:0:0:0:0:0:101", "ff01::101"), ("0:0:0:0:0:0:0:1", "::1"), ("0:0:0:0:0:0:0:0", "::"), ("::", "::"),
        ("2001:DB8::8:800:200C:417A", "2001:db8::8:800:200c:417a"), ("0:0:0:0:0:0:13.1.68.3", "::d01:4403"),
        ("::13.1.68.3", "::d01:4403"), ("::FFFF:129.144.52.38", "::ffff:8190:3426"),
        ("2001:0DB8:0000:CD30:0000:0000:0000:0000", "2001:db8:0:cd30::"),
        ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"), ("2001:0db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
        ("2001:db8:aaaa:bbbb:cccc:dddd:0:1", "2001:db8:aaaa:bbbb:cccc:dddd:0:1"),
        ("2001:db8:aaaa:bbbb:cccc:dddd::1", "2001:db8:aaaa:bbbb:cccc:dddd:0:1"),
        ("2001:db8:0:0:0::1", "2001:db8::1"), ("2001:db8::0:1", "2001:db8::1"),
        ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"), ("2001:0:0:1:0:0:0:1", "2001:0:0:1::1"),
        ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"), ("::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"), ("fe80::", "fe80::"),
    ])
    func textReadsAndWritesCanonically(text: String, canonical: String) throws {
        let address = try #require(IPv6Address(text))
        #expect(address.description == canonical)
        #expect(IPv6Address(canonical) == address)
    }

    @Test func theBytesAreInTheirPlaces() throws {
        let address = try #require(IPv6Address("2001:db8::8:800:200c:417a"))
        #expect(address.high == 0x2001_0DB8_0000_0000)
        #expect(address.low == 0x0008_0800_200C_417A)
        #expect(IPv6Address(rawValue: address.rawValue) == address)
    }

    @Test(arguments: [
        "", ":", ":::", "::::", "1", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8::", "::1:2:3:4:5:6:7:8",
        "1::2::3", ":1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8:", ":1::", "::1:", "12345::", "g::", "-1::", "+1::",
        "fe80::1%eth0",
        "::1/128", "[::1]", " ::1", "::1 ", "1.2.3.4", "1.2.3.4::", "::1.2.3.4:5", "::1.2.3", "::1.2.3.04",
        "::256.0.0.1",
        "1:2:3:4:5:6:7:1.2.3.4", "::1:2:3:4:5:6:1.2.3.4", "::١", "::\u{301}1",
    ])
    func otherTextIsRefused(text: String) {
        #expect(IPv6Address(text) == nil)
    }

    @Test func eitherFamilyIsReadByItsText() {
        #expect(IPAddress("192.168.2.129")?.family == .ipv4)
        #expect(IPAddress("fd00::240")?.family == .ipv6)
        #expect(IPAddress("192.168.2") == nil)
        #expect(IPAddress("fd00::240")?.description == "fd00::240")
    }

    @Test(arguments: [
        ("223.255.255.255", false), ("224.0.0.0", true), ("239.255.255.255", true), ("240.0.0.0", false),
        ("fe80::1", false), ("ff02::1", true),
    ])
    func aGroupIsTold(text: String, isMulticast: Bool) throws {
        #expect(try #require(IPAddress(text)).isMulticast == isMulticast)
    }

    @Test func everyIPv4AddressComesBeforeEveryIPv6One() {
        let ascending = ["0.0.0.0", "255.255.255.255", "::", "::1", "fd00::", "fd00::1", "fe80::"].compactMap {
            IPAddress($0)
        }
        #expect(ascending.count == 7)
        #expect(ascending.reversed().sorted() == ascending)
    }

    @Test func anAddressIsItsFamilyAndNumber() {
        for text in ["0.0.0.0", "255.255.255.255", "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"] {
            let address = IPAddress(text)
            #expect(address.map { IPAddress($0.family, rawValue: $0.rawValue) } == address)
        }
        #expect(IPAddress(.ipv4, rawValue: 1 << 32 | 7).description == "0.0.0.7")
    }
}
