internal import Wire

extension Filter {
    /// A program for all frames of `family` that tell or ask where an address is: of ARP for IPv4, or neighbour solicitations
    /// and advertisements.
    static func bearers(_ family: AddressFamily) -> Filter {
        let program =
            switch family {
            case .ipv4:
                check(Code.loadHalfWord, Offset.etherType, UInt32(EthernetFrame.etherType))
                    + check(Code.loadWord, Offset.hardwareAndProtocolType, Packet.ethernetAndIPv4)
                    + accept(EthernetFrame.length)
            case .ipv6:
                check(Code.loadHalfWord, Offset.etherType, UInt32(NeighborFrame.etherType))
                    + check(
                        Code.loadHalfWord, NeighborOffset.nextHeaderAndHopLimit,
                        UInt32(NeighborFrame.icmpv6) << 8 | UInt32(NeighborFrame.hopLimit))
                    + [
                        BPFInstruction(code: Code.loadHalfWord, operand: NeighborOffset.typeAndCode),
                        BPFInstruction(
                            code: Code.jumpIfEqual, jumpTrue: 2, operand: UInt32(NeighborSolicitation.type) << 8),
                        BPFInstruction(
                            code: Code.jumpIfEqual, jumpTrue: 1, operand: UInt32(NeighborAdvertisement.type) << 8),
                        BPFInstruction(code: Code.returnConstant, operand: 0),
                    ] + accept(NeighborFrame.maximumLength)
            }
        return Filter(instructions: program)
    }

    private static func accept(_ length: Int) -> [BPFInstruction] {
        [BPFInstruction(code: Code.returnConstant, operand: UInt32(length))]
    }
}
