import DHCP
import Wire

/// Frames as RFC 2131 section 2 and RFC 2132 lay them out, by hand.
enum Bytes {
    private static let discoverHeaders =
        "ffffffffffff 020000000001 0800 45000148000000004011 79a6 00000000 ffffffff 0044 0043 0134 7298"
    private static let offerHeaders =
        "ffffffffffff 0200c0a80201 0800 45000148000000004011 b6fc c0a80201 ffffffff 0043 0044 0134 e80f"
    private static let names = String(repeating: "00", count: 192)
    private static let discoverOptions = "63825363 350101 3d070102a1a2a3a4a5 37020103 ff" + zeros(43)
    private static let offerOptions = "63825363 350102 3604c0a80201 330400000e10 0104ffffff00 ff" + zeros(38)

    /// 02:a1:a2:a3:a4:a5 asks, by way of the interface 02:00:00:00:00:01.
    static let discover = bytes(
        discoverHeaders + "01 01 06 00 11223344 0000 8000 00000000 00000000 00000000 00000000 02a1a2a3a4a5"
            + zeros(10) + names + discoverOptions)
    /// 192.168.2.1 would give it 192.168.2.130.
    static let offer = bytes(
        offerHeaders + "02 01 06 00 11223344 0000 8000 00000000 c0a80282 c0a80201 00000000 02a1a2a3a4a5"
            + zeros(10) + names + offerOptions)

    private static func zeros(_ count: Int) -> String { String(repeating: "00", count: count) }
}

/// The bytes that `hex` spells, two digits each; blanks are for the eye.
func bytes(_ hex: String) -> [UInt8] {
    let digits = Array(hex.filter { !$0.isWhitespace })
    return stride(from: 0, to: digits.count, by: 2).compactMap { UInt8(String(digits[$0..<$0 + 2]), radix: 16) }
}

func written(_ frame: Frame) -> [UInt8] {
    var writer = ByteWriter()
    frame.write(to: &writer)
    return writer.bytes
}

let client = MACAddress(rawValue: 0x02A1_A2A3_A4A5)
let own = MACAddress(rawValue: 0x0200_0000_0001)
let server = IPv4Address(rawValue: 0xC0A8_0201)
let everybody = IPv4Address(rawValue: 0xFFFF_FFFF)
