import Wire

/// The part of the kernel's classic BPF machine that the filter uses (linux/filter.h; net/core/filter.c): a load beyond the packet
/// drops it, a jump beyond the program is refused.
enum BPFMachine {
    struct Refused: Error {}

    /// The number of bytes of `packet` that `program` keeps.
    static func run(_ program: [BPFInstruction], on packet: [UInt8]) throws -> UInt32 {
        var (accumulator, index): (UInt32, UInt32) = (0, 0)
        var counter = 0
        while counter < program.count {
            let instruction = program[counter]
            counter += 1
            switch instruction.code {
            case 0x28, 0x48, 0x30, 0xB1:
                let start = Int(instruction.operand) + (instruction.code == 0x48 ? Int(index) : 0)
                let width = instruction.code & 0x18 == 0x08 ? 2 : 1
                guard start + width <= packet.count else { return 0 }
                let value = packet[start..<start + width].reduce(0) { $0 << 8 | UInt32($1) }
                if instruction.code == 0xB1 { index = (value & 0x0F) * 4 } else { accumulator = value }
            case 0x15: counter += jump(instruction, accumulator == instruction.operand)
            case 0x45: counter += jump(instruction, accumulator & instruction.operand != 0)
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
