public import Wire

extension Filter {
    /// A program that lets the answers through that `Resolver` takes, and little else: ARP replies, or neighbour advertisements.
    public static func answers(of family: AddressFamily) -> Filter {
        switch family {
        case .ipv4: replies
        case .ipv6: advertisements
        }
    }

    private static let advertisements = Filter(
        instructions: check(Code.loadHalfWord, Offset.etherType, UInt32(NeighborFrame.etherType))
            + check(
                Code.loadHalfWord, NeighborOffset.nextHeaderAndHopLimit,
                UInt32(NeighborFrame.icmpv6) << 8 | UInt32(NeighborFrame.hopLimit))
            + check(Code.loadHalfWord, NeighborOffset.typeAndCode, UInt32(NeighborAdvertisement.type) << 8) + [
                BPFInstruction(code: Code.returnConstant, operand: UInt32(NeighborFrame.maximumLength))
            ])

    private static let replies: Filter = {
        func expect(_ code: UInt16, _ offset: UInt32, _ value: UInt32, dropAfter count: UInt8) -> [BPFInstruction] {
            [
                BPFInstruction(code: code, operand: offset),
                BPFInstruction(code: Code.jumpIfEqual, jumpFalse: count, operand: value),
            ]
        }
        let lengthsAndReply = UInt32(Packet.addressLengths) << 16 | UInt32(Packet.Operation.reply.rawValue)
        return Filter(
            instructions: expect(Code.loadHalfWord, Offset.etherType, UInt32(EthernetFrame.etherType), dropAfter: 5)
                + expect(Code.loadWord, Offset.hardwareAndProtocolType, Packet.ethernetAndIPv4, dropAfter: 3)
                + expect(Code.loadWord, Offset.lengthsAndOperation, lengthsAndReply, dropAfter: 1) + [
                    BPFInstruction(code: Code.returnConstant, operand: UInt32(EthernetFrame.length)),
                    BPFInstruction(code: Code.returnConstant, operand: 0),
                ])
    }()
}
