import Wire

/// The part of the kernel's classic BPF machine that filters use (linux/filter.h; net/core/filter.c), with its rules: a
/// load beyond the packet drops it, a jump beyond the program is refused.
enum BPFMachine {
    struct Refused: Error {}

    /// The number of bytes of `packet` that `program` keeps.
    static func run(_ program: [BPFInstruction], on packet: [UInt8]) throws -> UInt32 {
        guard (1...4096).contains(program.count), program.last?.code == 0x06 else { throw Refused() }
        var accumulator: UInt32 = 0
        var counter = 0
        while counter < program.count {
            let instruction = program[counter]
            counter += 1
            switch instruction.code {
            case 0x20, 0x28:
                let width = instruction.code == 0x20 ? 4 : 2
                let start = Int(instruction.operand)
                guard start + width <= packet.count else { return 0 }
                accumulator = packet[start..<start + width].reduce(0) { $0 << 8 | UInt32($1) }
            case 0x54: accumulator &= instruction.operand
            case 0x15: counter += jump(instruction, accumulator == instruction.operand)
            case 0x25: counter += jump(instruction, accumulator > instruction.operand)
            case 0x35: counter += jump(instruction, accumulator >= instruction.operand)
            case 0x06: return instruction.operand
            default: throw Refused()
            }
        }
        throw Refused()
    }

    private static func jump(_ instruction: BPFInstruction, _ condition: Bool) -> Int {
        Int(condition ? instruction.jumpTrue : instruction.jumpFalse)
    }
}
