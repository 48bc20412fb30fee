internal import Wire

extension IPv6Address {
    /// `::`, the source of a host that has no address yet (RFC 4291 section 2.5.2).
    static let unspecified = IPv6Address(high: 0, low: 0)
    /// ff02::1, all hosts on the link.
    static let allNodes = IPv6Address(high: 0xFF02_0000_0000_0000, low: 1)

    /// The group in which whoever has this address is asked for it: ff02::1:ff00:0/104 and the address's last 24 bits (RFC
    /// 4291 section 2.7.1).
    var solicitedNodeGroup: IPv6Address {
        IPv6Address(high: 0xFF02_0000_0000_0000, low: 0x1_FF00_0000 | low & 0xFF_FFFF)
    }

    /// The Ethernet address of a group: 33:33 and the group's last 32 bits (RFC 2464 section 7).
    var groupHardwareAddress: MACAddress {
        MACAddress(rawValue: 0x3333_0000_0000 | low & 0xFFFF_FFFF)
    }
}
