public import Wire

extension Filter {
    /// More prefixes than these are not compared with: all solicitations are let through then.
    static let maximumPrefixes = 16

    /// Where the compared fields stand in a frame with a neighbour solicitation, in bytes.
    enum NeighborOffset {
        static let nextHeaderAndHopLimit: UInt32 = 20
        static let typeAndCode: UInt32 = 54
        static let target: UInt32 = 62
    }

    /// A program for neighbour solicitations (RFC 4861) whose target may lie in one of `ranges`, in any order; ranges of IPv4
    /// addresses are passed over. It compares the bits that all addresses of a range have in common, so that it lets
    /// through a few addresses more, never less.
    public static func solicitations(for ranges: [AddressRange]) -> Filter {
        var program = check(Code.loadHalfWord, Offset.etherType, UInt32(NeighborFrame.etherType))
        program += check(
            Code.loadHalfWord, NeighborOffset.nextHeaderAndHopLimit,
            UInt32(NeighborFrame.icmpv6) << 8 | UInt32(NeighborFrame.hopLimit))
        program += check(Code.loadHalfWord, NeighborOffset.typeAndCode, UInt32(NeighborSolicitation.type) << 8)
        return Filter(instructions: program + targets(in: ranges))
    }

    /// Accepts where the target may lie in one of `ranges`, else drops.
    static func targets(in ranges: [AddressRange]) -> [BPFInstruction] {
        let prefixes = Set(ranges.compactMap(CommonPrefix.init)).sorted { ($0.length, $0.bits) < ($1.length, $1.bits) }
        let accept = BPFInstruction(code: Code.returnConstant, operand: UInt32(NeighborFrame.maximumLength))
        let drop = BPFInstruction(code: Code.returnConstant, operand: 0)
        let program = prefixes.count > maximumPrefixes ? [accept] : prefixes.flatMap { compare($0, then: accept) }
        return program + [drop]
    }

    /// Goes on where the field has this value, else drops.
    static func check(_ load: UInt16, _ offset: UInt32, _ value: UInt32) -> [BPFInstruction] {
        [
            BPFInstruction(code: load, operand: offset),
            BPFInstruction(code: Code.jumpIfEqual, jumpTrue: 1, operand: value),
            BPFInstruction(code: Code.returnConstant, operand: 0),
        ]
    }

    /// Accepts where the target has this prefix, else goes on.
    private static func compare(_ prefix: CommonPrefix, then accept: BPFInstruction) -> [BPFInstruction] {
        var program = [accept]
        // From the last word to the first, so that it is known how much there is to skip.
        for word in (0..<4).reversed() {
            let bits = UInt32(truncatingIfNeeded: prefix.bits >> UInt128(96 - 32 * word))
            let covered = min(max(prefix.length - 32 * word, 0), 32)
            guard covered > 0 else { continue }
            let mask = UInt32(truncatingIfNeeded: UInt64(0xFFFF_FFFF) << UInt64(32 - covered))
            var step = [BPFInstruction(code: Code.loadWord, operand: NeighborOffset.target + UInt32(4 * word))]
            if covered < 32 { step.append(BPFInstruction(code: Code.and, operand: mask)) }
            step.append(
                BPFInstruction(code: Code.jumpIfEqual, jumpFalse: UInt8(program.count), operand: bits & mask))
            program = step + program
        }
        return program
    }
}

/// The first bits of all addresses of a range.
private struct CommonPrefix: Hashable {
    let bits: UInt128
    let length: Int

    /// Nil for a range of IPv4 addresses.
    init?(_ range: AddressRange) {
        guard case .v6(let first) = range.first, case .v6(let last) = range.last else { return nil }
        length = (first.rawValue ^ last.rawValue).leadingZeroBitCount
        let rest = UInt128(128 - length)
        bits = (first.rawValue >> rest) << rest
    }
}
