public import Wire

/// A classic BPF program for a packet socket that lets through the questions for addresses of given ranges and nothing else, so
/// that the rest of the network never wakes the process. It works on whole Ethernet frames.
public struct Filter: Hashable, Sendable {
    /// The program; a packet is accepted where it returns other than 0.
    public let instructions: [BPFInstruction]

    /// The most ranges that a program compares with: a jump skips at most 255 instructions, and the farthest one, from
    /// the second instruction to the one that drops, skips 5 and two for each range.
    public static let maximumRanges = 125

    /// Operations of linux/bpf_common.h.
    enum Code {
        /// BPF_LD | BPF_H | BPF_ABS: loads 2 bytes of the packet.
        static let loadHalfWord: UInt16 = 0x28
        /// BPF_LD | BPF_W | BPF_ABS: loads 4 bytes of the packet.
        static let loadWord: UInt16 = 0x20
        /// BPF_ALU | BPF_AND | BPF_K.
        static let and: UInt16 = 0x54
        /// BPF_JMP | BPF_JEQ | BPF_K.
        static let jumpIfEqual: UInt16 = 0x15
        /// BPF_JMP | BPF_JGT | BPF_K.
        static let jumpIfGreater: UInt16 = 0x25
        /// BPF_JMP | BPF_JGE | BPF_K.
        static let jumpIfGreaterOrEqual: UInt16 = 0x35
        /// BPF_RET | BPF_K: ends with the number of bytes to keep.
        static let returnConstant: UInt16 = 0x06
    }

    /// Where the compared fields stand in a frame, in bytes.
    enum Offset {
        static let etherType: UInt32 = 12
        static let hardwareAndProtocolType: UInt32 = 14
        static let lengthsAndOperation: UInt32 = 18
        static let senderProtocolAddress: UInt32 = 28
        static let targetProtocolAddress: UInt32 = 38
    }

    init(instructions: [BPFInstruction]) {
        self.instructions = instructions
    }

    /// A program for requests whose target lies in one of `ranges`, in any order; ranges of IPv6 addresses are passed
    /// over. Where there are more than `maximumRanges` that do not touch, the nearest to each other are made one, so that
    /// the program lets through a few addresses more, never less.
    public init(for ranges: [AddressRange]) {
        let targets = Self.joined(Self.merged(ranges), limit: Self.maximumRanges)
        // The program ends with two returns: one drops the packet, one accepts it.
        let drop = 7 + 2 * targets.count
        let accept = drop + 1
        var program: [BPFInstruction] = []
        /// The number of instructions between the next one and `index`.
        func skip(to index: Int) -> UInt8 {
            UInt8(index - program.count - 1)
        }
        func expect(_ code: UInt16, _ offset: UInt32, _ value: UInt32) {
            program.append(BPFInstruction(code: code, operand: offset))
            program.append(BPFInstruction(code: Code.jumpIfEqual, jumpFalse: skip(to: drop), operand: value))
        }
        expect(Code.loadHalfWord, Offset.etherType, UInt32(EthernetFrame.etherType))
        expect(Code.loadWord, Offset.hardwareAndProtocolType, Packet.ethernetAndIPv4)
        expect(
            Code.loadWord, Offset.lengthsAndOperation,
            UInt32(Packet.addressLengths) << 16 | UInt32(Packet.Operation.request.rawValue))
        program.append(BPFInstruction(code: Code.loadWord, operand: Offset.targetProtocolAddress))
        for target in targets {
            // They ascend: what is below this one is below all that follow; what is above the last one falls to `drop`.
            program.append(
                BPFInstruction(
                    code: Code.jumpIfGreaterOrEqual, jumpFalse: skip(to: drop), operand: target.lowerBound))
            program.append(
                BPFInstruction(code: Code.jumpIfGreater, jumpFalse: skip(to: accept), operand: target.upperBound))
        }
        program.append(BPFInstruction(code: Code.returnConstant, operand: 0))
        program.append(BPFInstruction(code: Code.returnConstant, operand: UInt32(EthernetFrame.length)))
        instructions = program
    }

    /// The ranges of IPv4 addresses, ascending; those that overlap or touch are one.
    static func merged(_ ranges: [AddressRange]) -> [ClosedRange<UInt32>] {
        var merged: [ClosedRange<UInt32>] = []
        for range in ranges.sorted() {
            guard case .v4(let first) = range.first, case .v4(let last) = range.last else { continue }
            // `first` is not below the previous range's; where it is 0, so is that one's, and they overlap.
            if let previous = merged.last,
                first.rawValue <= previous.upperBound || first.rawValue - 1 == previous.upperBound
            {
                merged[merged.count - 1] = previous.lowerBound...max(previous.upperBound, last.rawValue)
            } else {
                merged.append(first.rawValue...last.rawValue)
            }
        }
        return merged
    }

    /// `ranges`, ascending and apart, with the smallest gaps closed until there are no more than `limit`.
    static func joined(_ ranges: [ClosedRange<UInt32>], limit: Int) -> [ClosedRange<UInt32>] {
        let excess = ranges.count - limit
        guard excess > 0 else { return ranges }
        // The indexes of the ranges that are joined to the one before them.
        let closed = Set(
            ranges.indices.dropFirst().sorted { left, right in
                let leftGap = ranges[left].lowerBound - ranges[left - 1].upperBound
                let rightGap = ranges[right].lowerBound - ranges[right - 1].upperBound
                return (leftGap, left) < (rightGap, right)
            }.prefix(excess))
        var joined: [ClosedRange<UInt32>] = []
        for (index, range) in ranges.enumerated() {
            if closed.contains(index), let previous = joined.popLast() {
                joined.append(previous.lowerBound...range.upperBound)
            } else {
                joined.append(range)
            }
        }
        return joined
    }
}
