/// Lempel, Ziv and Welch's compression as Go's compress/lzw has it, in memberlist's setting: literals of 8 bits, codes
/// of 9 to 12 bits with the lowest bit first. Code 256 clears the table and begins each text, 257 ends it.
enum LZW {
    static let clearCode = 256
    static let endCode = 257
    static let firstFreeCode = 258
    static let minimumWidth = 9
    static let maximumWidth = 12

    /// The text that `compressed` holds. What follows its end is ignored.
    ///
    /// - Throws: `SWIMError.malformedCompression`, or `.tooLarge` where the text has more than `limitBytes`.
    static func decompress(_ compressed: ArraySlice<UInt8>, limitBytes: Int) throws(SWIMError) -> [UInt8] {
        var bits = BitReader(compressed)
        var text: [UInt8] = []
        // Where in the text the sequence stands that a code from 258 on means.
        var sequences: [Range<Int>] = []
        var previous: Range<Int>?
        var width = minimumWidth
        while true {
            guard let code = bits.next(width) else { throw .malformedCompression }
            if code == endCode { return text }
            if code == clearCode {
                sequences.removeAll(keepingCapacity: true)
                previous = nil
                width = minimumWidth
                continue
            }
            // A code means the sequence before it and the byte after that, which may be the one that comes now.
            if let previous, sequences.count < (1 << maximumWidth) - firstFreeCode {
                sequences.append(previous.lowerBound..<previous.upperBound + 1)
            }
            let start = text.count
            if code < clearCode {
                text.append(UInt8(truncatingIfNeeded: code))
            } else {
                guard code - firstFreeCode < sequences.count else { throw .malformedCompression }
                for index in sequences[code - firstFreeCode] { text.append(text[index]) }
            }
            guard text.count <= limitBytes else { throw .tooLarge(limitBytes: limitBytes) }
            previous = start..<text.count
            if firstFreeCode + sequences.count >= 1 << width, width < maximumWidth {
                width += 1
            }
        }
    }

    /// `text` in codes; the same ones that Go gives.
    static func compress(_ text: ArraySlice<UInt8>) -> [UInt8] {
        var compressor = LZWCompressor(textLength: text.count)
        for byte in text { compressor.append(byte) }
        return compressor.finish()
    }

    /// Takes codes out of bytes.
    private struct BitReader {
        private let bytes: ArraySlice<UInt8>
        private var position: Int
        private var held: UInt32 = 0
        private var heldCount = 0

        init(_ bytes: ArraySlice<UInt8>) {
            self.bytes = bytes
            position = bytes.startIndex
        }

        mutating func next(_ width: Int) -> Int? {
            while heldCount < width {
                guard position < bytes.endIndex else { return nil }
                held |= UInt32(bytes[position]) << UInt32(heldCount)
                position += 1
                heldCount += 8
            }
            defer {
                held >>= UInt32(width)
                heldCount -= width
            }
            return Int(held & (1 << UInt32(width) - 1))
        }
    }
}
