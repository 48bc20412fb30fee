public import Wire

/// A classic BPF program for a packet socket that lets through what DHCP servers send to clients, and nothing else. It works on
/// whole Ethernet frames.
public enum Filter {
    /// The program; a packet is accepted where it returns other than 0.
    public static let replies: [BPFInstruction] = {
        let load = (half: UInt16(0x28), byte: UInt16(0x30), headerLength: UInt16(0xB1), indexedHalf: UInt16(0x48))
        let (ifEqual, ifAny): (UInt16, UInt16) = (0x15, 0x45)
        let end: UInt16 = 0x06
        return [
            // EtherType IPv4.
            BPFInstruction(code: load.half, operand: 12),
            BPFInstruction(code: ifEqual, jumpFalse: 8, operand: UInt32(Frame.etherType)),
            // Protocol UDP.
            BPFInstruction(code: load.byte, operand: 23),
            BPFInstruction(code: ifEqual, jumpFalse: 6, operand: UInt32(Frame.udp)),
            // The first fragment, which alone has the ports.
            BPFInstruction(code: load.half, operand: 20),
            BPFInstruction(code: ifAny, jumpTrue: 4, operand: 0x1FFF),
            // The destination's port, behind IPv4's header however long that is.
            BPFInstruction(code: load.headerLength, operand: 14),
            BPFInstruction(code: load.indexedHalf, operand: 16),
            BPFInstruction(code: ifEqual, jumpFalse: 1, operand: UInt32(Frame.clientPort)),
            BPFInstruction(code: end, operand: UInt32(Frame.maximumLength)),
            BPFInstruction(code: end, operand: 0),
        ]
    }()
}
