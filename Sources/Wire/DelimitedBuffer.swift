/// The parts of a stream of bytes that comes in pieces, each ended by the same byte: lines, or texts ended by NUL.
public struct DelimitedBuffer: Hashable, Sendable {
    /// A part grew beyond the limit: the stream cannot be followed any further.
    public private(set) var isOverflowing = false
    private var bytes: [UInt8] = []
    private let delimiter: UInt8
    private let limitBytes: Int

    /// Holds a part of at most `limitBytes` bytes, ended by `delimiter`.
    public init(delimiter: UInt8, limitBytes: Int) {
        self.delimiter = delimiter
        self.limitBytes = limitBytes
    }

    /// Whether the stream stands at the end of a part.
    public var isEmpty: Bool { bytes.isEmpty }

    /// Takes a piece in and gives out the parts that are whole now, without their ends; empty ones are left out.
    public mutating func append(_ piece: [UInt8]) -> [[UInt8]] {
        guard !isOverflowing else { return [] }
        var parts: [[UInt8]] = []
        var rest = piece[...]
        // What is held from earlier has no end in it, so only the new piece is searched.
        while let end = rest.firstIndex(of: delimiter) {
            hold(rest[..<end])
            rest = rest[(end + 1)...]
            guard !isOverflowing else { return parts }
            if !bytes.isEmpty {
                parts.append(bytes)
            }
            bytes = []
        }
        hold(rest)
        return parts
    }

    private mutating func hold(_ piece: ArraySlice<UInt8>) {
        guard bytes.count + piece.count <= limitBytes else {
            isOverflowing = true
            bytes = []
            return
        }
        bytes += piece
    }
}
