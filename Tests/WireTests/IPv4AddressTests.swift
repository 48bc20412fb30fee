import Testing
import Wire

@Suite struct IPv4AddressTests {
    @Test(arguments: [
        ("0.0.0.0", 0), ("192.168.2.128", 0xC0A8_0280), ("10.77.4.10", 0x0A4D_040A), ("255.255.255.255", 0xFFFF_FFFF),
        ("1.20.3.199", 0x0114_03C7),
    ])
    func textReadsAndWrites(text: String, rawValue: UInt32) {
        #expect(IPv4Address(text)?.rawValue == rawValue)
        #expect(IPv4Address(rawValue: rawValue).description == text)
    }

    @Test(arguments: [
        "", ".", "1.2.3", "1.2.3.4.5", "1.2.3.", ".1.2.3", "1..2.3", "256.0.0.1", "1.2.3.1000", "01.2.3.4", "1.2.3.00",
        "1.2.3.-4", "1.2.3.+4", "1.2.3.4 ", " 1.2.3.4", "1.2.3.4/32", "0x1.2.3.4", "1.2.3.a", "١.٢.٣.٤", "1.2.3.4\0",
        "16909060",
    ])
    func otherTextIsRefused(text: String) {
        #expect(IPv4Address(text) == nil)
    }

    @Test func addressesOrderAsNumbers() {
        let ascending = ["9.255.255.255", "10.0.0.9", "10.0.0.10", "127.255.255.255", "128.0.0.0"].compactMap {
            IPv4Address($0)
        }
        #expect(ascending.count == 5)
        #expect(ascending.reversed().sorted() == ascending)
    }
}
