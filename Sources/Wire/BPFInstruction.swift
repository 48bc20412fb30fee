/// One instruction of a classic BPF program (struct sock_filter of linux/filter.h; McCanne and Jacobson, 1993).
public struct BPFInstruction: Hashable, Sendable {
    /// What it does: an operation code of linux/bpf_common.h.
    public var code: UInt16
    /// The number of instructions that a jump skips where its condition holds.
    public var jumpTrue: UInt8
    /// The number of instructions that a jump skips where its condition does not hold.
    public var jumpFalse: UInt8
    /// The operand: an offset, a constant or a result.
    public var operand: UInt32

    /// An instruction with these fields.
    public init(code: UInt16, jumpTrue: UInt8 = 0, jumpFalse: UInt8 = 0, operand: UInt32) {
        self.code = code
        self.jumpTrue = jumpTrue
        self.jumpFalse = jumpFalse
        self.operand = operand
    }
}
