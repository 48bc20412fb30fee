internal import Wire

extension Filter {
    /// A program that lets through ARP replies and nothing else.
    public static let replies: Filter = {
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
