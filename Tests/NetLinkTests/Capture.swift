import Wire

/// Messages of a Linux 6.18 kernel for a namespace with the bridge br0, its port veth1 and veth1's other end veth0, as
/// little-endian machines get them. Of a link's attributes those are kept that matter here; the rest is whole.
enum Capture {
    /// RTM_NEWLINK, a part of dump 1: lo, index 1, up.
    static let loopback = bytes(
        "4800000010000200010000000000000000000403010000004900010000000000070003006c6f000005001000000000000a000100000000000000",
        "00000a0002000000000000000000")
    /// RTM_NEWLINK, a part of dump 1: br0, index 2, 02:00:0a:4d:00:0c, up, without carrier.
    static let bridge = bytes(
        "4800000010000200010000000000000000000100020000000310010000000000080003006272300005001000020000000a00010002000a4d000c",
        "00000a000200ffffffffffff0000")
    /// RTM_NEWLINK, a part of dump 1: veth1, index 3, 02:00:0a:4d:00:0c, running, a port of interface 2.
    static let port = bytes(
        "54000000100002000100000000000000000001000300000043100100000000000a0003007665746831000000050010000600000008000a000200",
        "00000a00010002000a4d000c00000a000200ffffffffffff0000")
    /// RTM_NEWLINK, a part of dump 1: veth0, index 4, 02:00:0a:4d:00:0b, running.
    static let veth = bytes(
        "4c000000100002000100000000000000000001000400000043100100000000000a000300766574683000000005001000060000000a0001000200",
        "0a4d000b00000a000200ffffffffffff0000")
    /// RTM_NEWLINK, a notification: veth1 has left the bridge.
    static let portWithoutMaster = bytes(
        "4c000000100000000000000000000000000001000300000043100100000000000a000300766574683100000005001000060000000a0001000200",
        "0a4d000c00000a000200ffffffffffff0000")
    /// RTM_DELLINK of the family AF_BRIDGE, a notification: veth1 is no port of br0 any more. The link is there.
    static let portLeftBridge = bytes(
        "58000000110000000000000000000000070001000300000043100100000000000a000300766574683100000008000a000200000008000400dc05",
        "000005001000060000000a00010002000a4d000c00000800050004000000")
    /// RTM_NEWLINK, a notification: veth0 is down.
    static let vethDown = bytes(
        "4c000000100000000000000000000000000001000400000002100000010000000a000300766574683000000005001000020000000a0001000200",
        "0a4d000b00000a000200ffffffffffff0000")
    /// RTM_NEWLINK, a notification: veth0 has the Ethernet address 02:00:0a:4d:00:ff.
    static let vethReaddressed = bytes(
        "4c000000100000000000000000000000000001000400000002100000000000000a000300766574683000000005001000020000000a0001000200",
        "0a4d00ff00000a000200ffffffffffff0000")
    /// RTM_DELLINK, a notification: interface 4, by then veth9, is gone.
    static let vethGone = bytes(
        "4c000000110000000000000000000000000001000400000002100000ffffffff0a000300766574683900000005001000020000000a0001000200",
        "0a4d00ff00000a000200ffffffffffff0000")

    /// RTM_NEWLINK, a notification of a Linux 6.1 kernel: b0, index 4, has another active slave, IFLA_EVENT_BONDING_FAILOVER.
    static let bondFailover = bytes(
        "58000000100000000000000000000000000001000400000043140100000000000700030062300000050010000600000008001b00000000000800",
        "2c00030000000a00010002000a4d000b00000a000200ffffffffffff0000")
    /// The next one: its addresses are announced anew, IFLA_EVENT_NOTIFY_PEERS.
    static let bondNotifiesPeers = bytes(
        "58000000100000000000000000000000000001000400000043140100000000000700030062300000050010000600000008001b00000000000800",
        "2c00040000000a00010002000a4d000b00000a000200ffffffffffff0000")

    /// RTM_NEWADDR, a part of dump 2: 127.0.0.1/8 on interface 1.
    static let loopbackAddress = bytes(
        "4c000000140002000200000000000000020880fe01000000080001007f000001080002007f000001070003006c6f000008000800800000001400",
        "0600ffffffffffffffff792a0c00792a0c00")
    /// RTM_NEWADDR, a part of dump 2: 10.77.0.11/24 on interface 4.
    static let address = bytes(
        "500000001400020002000000000000000218800004000000080001000a4d000b080002000a4d000b0a0003007665746830000000080008008000",
        "000014000600ffffffffffffffff7b2a0c007b2a0c00")
    /// RTM_NEWADDR, a part of dump 2: 10.9.0.1/32 on interface 4, with the peer 10.9.0.2.
    static let addressWithPeer = bytes(
        "500000001400020002000000000000000220800004000000080001000a090002080002000a0900010a0003007665746830000000080008008000",
        "000014000600ffffffffffffffff7b2a0c007b2a0c00")
    /// RTM_NEWADDR, a part of dump 2: fd00::b/64 on interface 4.
    static let ipv6Address = bytes(
        "480000001400020002000000000000000a4082000400000014000100fd00000000000000000000000000000b14000600ffffffffffffffff7b2a",
        "0c007b2a0c000800080082000000")
    /// RTM_NEWADDR, a notification: fd00::b/64 on interface 4 is deprecated.
    static let deprecated = bytes(
        "480000001400000000000000000000000a40a0000400000014000100fd00000000000000000000000000000b14000600000000003c0000007b2a",
        "0c00ff2a0c0008000800a0000000")
    /// RTM_DELADDR, a notification to everybody that bears the request's number and port: 10.77.0.11/24 is gone.
    static let addressGone = bytes(
        "5000000015000000ebf1046bb85900000218800004000000080001000a4d000b080002000a4d000b0a0003007665746830000000080008008000",
        "000014000600ffffffffffffffff7b2a0c007b2a0c00")
    /// NLMSG_DONE of dump 1.
    static let linksDone = bytes("1400000003000200010000000000000000000000")
    /// NLMSG_DONE of dump 2.
    static let addressesDone = bytes("1400000003000200020000000000000000000000")
}

/// The bytes that `hex` spells, two digits each.
func bytes(_ hex: String...) -> [UInt8] {
    let digits = Array(hex.joined())
    return stride(from: 0, to: digits.count, by: 2).compactMap { UInt8(String(digits[$0..<$0 + 2]), radix: 16) }
}
