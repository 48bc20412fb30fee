import ARP
import Wire

/// Frames from the network of a real cluster: its kernels' own, and those of MetalLB 0.10.3 and 0.16.1.
enum Capture {
    /// 10.77.0.11 at 02:00:0a:4d:00:0b asks everybody for 10.77.0.1.
    static let request = bytes(
        "ffffffffffff02000a4d000b0806 0001080006040001 02000a4d000b0a4d000b 0000000000000a4d0001")
    /// 02:00:0a:4d:00:01 answers it.
    static let reply = bytes("02000a4d000b02000a4d00010806 0001080006040002 02000a4d00010a4d0001 02000a4d000b0a4d000b")
    /// A MetalLB speaker announces 10.77.4.11 by a gratuitous request, with padding.
    static let gratuitousRequest = bytes(
        "ffffffffffff02000a4d000b0806 0001080006040001 02000a4d000b0a4d040b ffffffffffff0a4d040b" + padding)
    /// The same speaker's gratuitous reply.
    static let gratuitousReply = bytes(
        "ffffffffffff02000a4d000b0806 0001080006040002 02000a4d000b0a4d040b ffffffffffff0a4d040b" + padding)
    /// A probe (RFC 5227 section 2.1.1) for 10.77.4.10 by 02:00:0a:4d:00:01: the sender's IP address is all zero.
    static let probe = bytes("ffffffffffff02000a4d00010806 0001080006040001 02000a4d000100000000 0000000000000a4d040a")

    private static let padding = "000000000000000000000000000000000000"
}

/// The bytes that `hex` spells, two digits each; blanks and line breaks are for the eye.
func bytes(_ hex: String) -> [UInt8] {
    let digits = Array(hex.filter { !$0.isWhitespace })
    return stride(from: 0, to: digits.count, by: 2).compactMap { UInt8(String(digits[$0..<$0 + 2]), radix: 16) }
}

/// The address 02:00:0a:4d:00:`last`.
func mac(_ last: UInt64) -> MACAddress {
    MACAddress(rawValue: 0x0200_0A4D_0000 | last)
}

/// The address 10.77.`high`.`low`.
func address(_ high: UInt32, _ low: UInt32) -> IPv4Address {
    IPv4Address(rawValue: 0x0A4D_0000 | high << 8 | low)
}

func written(_ frame: EthernetFrame) -> [UInt8] { written(.arp(frame)) }

func written(_ frame: Frame) -> [UInt8] {
    var writer = ByteWriter()
    frame.write(to: &writer)
    return writer.bytes
}
