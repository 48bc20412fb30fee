/// One text on its way through `LZW.compress`.
struct LZWCompressor {
    private var output: [UInt8] = []
    private var held: UInt32 = 0
    private var heldCount = 0

    /// The code of the longest known sequence that the text ended with so far; nil at its beginning.
    private var code: UInt32?
    private var width = LZW.minimumWidth
    /// The code that was given to a sequence last.
    private var lastCode = LZW.endCode
    /// The codes of known sequences by the code of all but their last byte, and that byte: (code << 8 | byte) << 12 |
    /// code, at the first free place from the hash on; 0 is free.
    private var table: [UInt32]

    /// Begins a text of `textLength` bytes, and makes a table for just so many sequences.
    init(textLength: Int) {
        var size = 16
        while size < 2 * textLength, size < 1 << (LZW.maximumWidth + 2) { size *= 2 }
        table = Array(repeating: 0, count: size)
        output.reserveCapacity(textLength / 2 + 8)
        write(UInt32(LZW.clearCode))
    }

    /// Takes the text's next byte.
    mutating func append(_ byte: UInt8) {
        guard let code else {
            self.code = UInt32(byte)
            return
        }
        let key = code << 8 | UInt32(byte)
        let place = place(of: key)
        if table[place] != 0 {
            self.code = table[place] & 0xFFF
            return
        }
        write(code)
        self.code = UInt32(byte)
        if advance() {
            table[place] = key << 12 | UInt32(lastCode)
        }
    }

    /// Ends the text and gives out its codes.
    mutating func finish() -> [UInt8] {
        if let code {
            write(code)
            _ = advance()
        }
        write(UInt32(LZW.endCode))
        if heldCount > 0 {
            output.append(UInt8(truncatingIfNeeded: held))
        }
        return output
    }

    private func place(of key: UInt32) -> Int {
        let mask = table.count - 1
        var place = Int((key &* 0x9E37_79B1) >> 12) & mask
        while table[place] != 0, table[place] >> 12 != key { place = (place + 1) & mask }
        return place
    }

    /// Goes on to the next code. False where there is none: the table is cleared then.
    private mutating func advance() -> Bool {
        lastCode += 1
        if lastCode == 1 << width {
            width += 1
        }
        guard lastCode == (1 << LZW.maximumWidth) - 1 else { return true }
        write(UInt32(LZW.clearCode))
        width = LZW.minimumWidth
        lastCode = LZW.endCode
        for index in table.indices { table[index] = 0 }
        return false
    }

    private mutating func write(_ code: UInt32) {
        held |= code << UInt32(heldCount)
        heldCount += width
        while heldCount >= 8 {
            output.append(UInt8(truncatingIfNeeded: held))
            held >>= 8
            heldCount -= 8
        }
    }
}
