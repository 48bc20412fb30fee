import ARP
import Wire

/// Frames of two Linux 6 kernels on one link: 02:00:0a:4d:00:0b has fd00:4d::b, 02:00:0a:4d:00:0c has fd00:4d::c.
enum NeighborCapture {
    /// Who has fd00:4d::c? To its group, from fd00:4d::b.
    static let solicitation = bytes(
        """
        3333ff00000c 02000a4d000b 86dd 6000000000203aff fd00004d00000000000000000000000b
        ff0200000000000000000001ff00000c 87007288 00000000 fd00004d00000000000000000000000c 0101 02000a4d000b
        """)
    /// The answer.
    static let advertisement = bytes(
        """
        02000a4d000b 02000a4d000c 86dd 6000000000203aff fd00004d00000000000000000000000c
        fd00004d00000000000000000000000b 8800113e 60000000 fd00004d00000000000000000000000c 0201 02000a4d000c
        """)
    /// Is fd00:4d::c still there? To it alone, from a link-local address.
    static let unicastSolicitation = bytes(
        """
        02000a4d000c 02000a4d000b 86dd 6000000000203aff fe8000000000000000000afffe4d000b
        fd00004d00000000000000000000000c 870068bf 00000000 fd00004d00000000000000000000000c 0101 02000a4d000b
        """)
    /// The answer to that, which does not tell the Ethernet address.
    static let bareAdvertisement = bytes(
        """
        02000a4d000b 02000a4d000c 86dd 6000000000183aff fd00004d00000000000000000000000c
        fe8000000000000000000afffe4d000b 88003520 40000000 fd00004d00000000000000000000000c
        """)
    /// Whether anybody has fd00:4d::d, which 02:00:0a:4d:00:0b is about to use, with a nonce (RFC 7527).
    static let probe = bytes(
        """
        3333ff00000d 02000a4d000b 86dd 6000000000203aff 00000000000000000000000000000000
        ff0200000000000000000001ff00000d 8700f311 00000000 fd00004d00000000000000000000000d 0e01 75506cab9a29
        """)
}

/// fd00:4d:: with this last byte.
func address6(_ low: UInt64) -> IPv6Address { IPv6Address(high: 0xFD00_004D_0000_0000, low: low) }
