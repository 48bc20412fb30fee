public import Wire

extension Filter {
    /// More ranges than these are not compared with: the nearest to each other are made one.
    private static let maximumBearerRanges = 60

    /// A program for what tells that somebody has, or is about to take, an address of `ranges`: ARP packets of either kind with
    /// such a sender, or without one and for such a target; for IPv6 neighbour solicitations and advertisements for such a
    /// target. It lets through a few more, never less.
    public static func bearers(of family: AddressFamily, in ranges: [AddressRange]) -> Filter {
        switch family {
        case .ipv4: Filter(instructions: bearers(in: joined(merged(ranges), limit: maximumBearerRanges)))
        case .ipv6: Filter(instructions: neighborMessages + targets(in: ranges))
        }
    }

    private static func bearers(in ranges: [ClosedRange<UInt32>]) -> [BPFInstruction] {
        // After the first comparison, the one where there is no sender; at the end two returns.
        let noSender = 5 + 2 * ranges.count
        let drop = noSender + 3 + 2 * ranges.count
        var program: [BPFInstruction] = []
        func skip(to index: Int) -> UInt8 { UInt8(index - program.count - 1) }
        func expect(_ code: UInt16, _ offset: UInt32, _ value: UInt32) {
            program.append(BPFInstruction(code: code, operand: offset))
            program.append(BPFInstruction(code: Code.jumpIfEqual, jumpFalse: skip(to: drop), operand: value))
        }
        func compare(elseTo next: Int) {
            for range in ranges {
                program.append(
                    BPFInstruction(
                        code: Code.jumpIfGreaterOrEqual, jumpFalse: skip(to: next), operand: range.lowerBound))
                program.append(
                    BPFInstruction(code: Code.jumpIfGreater, jumpFalse: skip(to: drop + 1), operand: range.upperBound))
            }
        }
        expect(Code.loadHalfWord, Offset.etherType, UInt32(EthernetFrame.etherType))
        expect(Code.loadWord, Offset.hardwareAndProtocolType, Packet.ethernetAndIPv4)
        program.append(BPFInstruction(code: Code.loadWord, operand: Offset.senderProtocolAddress))
        compare(elseTo: noSender)
        program.append(BPFInstruction(code: Code.loadWord, operand: Offset.senderProtocolAddress))
        program.append(BPFInstruction(code: Code.jumpIfEqual, jumpFalse: skip(to: drop), operand: 0))
        program.append(BPFInstruction(code: Code.loadWord, operand: Offset.targetProtocolAddress))
        compare(elseTo: drop)
        program.append(BPFInstruction(code: Code.returnConstant, operand: 0))
        program.append(BPFInstruction(code: Code.returnConstant, operand: UInt32(EthernetFrame.length)))
        return program
    }

    /// Goes on with neighbour solicitations and advertisements, drops the rest.
    private static var neighborMessages: [BPFInstruction] {
        check(Code.loadHalfWord, Offset.etherType, UInt32(NeighborFrame.etherType))
            + check(
                Code.loadHalfWord, NeighborOffset.nextHeaderAndHopLimit,
                UInt32(NeighborFrame.icmpv6) << 8 | UInt32(NeighborFrame.hopLimit)) + [
                BPFInstruction(code: Code.loadHalfWord, operand: NeighborOffset.typeAndCode),
                BPFInstruction(code: Code.jumpIfEqual, jumpTrue: 2, operand: UInt32(NeighborSolicitation.type) << 8),
                BPFInstruction(code: Code.jumpIfEqual, jumpTrue: 1, operand: UInt32(NeighborAdvertisement.type) << 8),
                BPFInstruction(code: Code.returnConstant, operand: 0),
            ]
    }
}
