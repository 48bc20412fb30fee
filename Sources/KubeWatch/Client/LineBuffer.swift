/// The lines in a stream of bytes that comes in pieces.
struct LineBuffer: Hashable, Sendable {
    /// A line grew beyond the limit: the stream cannot be followed any further.
    private(set) var isOverflowing = false
    private var bytes: [UInt8] = []
    private let limitBytes: Int

    /// Holds a line of at most `limitBytes`.
    init(limitBytes: Int) {
        self.limitBytes = limitBytes
    }

    /// Whether the stream stands at the end of a line.
    var isEmpty: Bool { bytes.isEmpty }

    /// Takes a piece in and gives out the lines that are whole now, without their ends; empty ones are left out.
    mutating func append(_ piece: [UInt8]) -> [[UInt8]] {
        guard !isOverflowing else { return [] }
        var lines: [[UInt8]] = []
        var rest = piece[...]
        // What is held from earlier has no line end in it, so only the new piece is searched.
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            hold(rest[..<end])
            rest = rest[(end + 1)...]
            guard !isOverflowing else { return lines }
            if !bytes.isEmpty {
                lines.append(bytes)
            }
            bytes = []
        }
        hold(rest)
        return lines
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
