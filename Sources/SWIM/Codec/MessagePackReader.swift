internal import Wire

/// Reads MessagePack from the front of a message: all that go-msgpack reads into memberlist's structures. Integers of
/// any width, strings as raw, str and bin, nil for an empty value; a structure is a map. Never reads past the end, and
/// takes no room for what has not come.
struct MessagePackReader {
    private var reader: ByteReader

    /// A reader over `bytes`.
    init(_ bytes: ArraySlice<UInt8>) {
        reader = ByteReader(bytes)
    }

    /// The number of bytes not yet read.
    var remaining: Int { reader.remaining }

    /// The next `count` bytes, as they are.
    mutating func readRaw(_ count: Int) throws(SWIMError) -> ArraySlice<UInt8> {
        do throws(WireError) {
            return try reader.read(count)
        } catch {
            throw .truncated(needed: count, available: remaining)
        }
    }

    /// The number of fields of the structure that follows: keys and values in turn.
    mutating func readFieldCount() throws(SWIMError) -> Int {
        let head = try readHead()
        switch head.kind {
        case .map: return head.length
        case .null: return 0
        default: throw .mistyped(expected: "a structure", byte: head.byte)
        }
    }

    /// The bytes of a string of any kind.
    mutating func readBytes() throws(SWIMError) -> ArraySlice<UInt8> {
        let head = try readHead()
        switch head.kind {
        case .bytes: return try readRaw(head.length)
        case .null: return []
        default: throw .mistyped(expected: "a string", byte: head.byte)
        }
    }

    /// A string of text.
    mutating func readString(_ field: String) throws(SWIMError) -> String {
        guard let text = String(validating: try readBytes(), as: UTF8.self) else { throw .invalid(field: field) }
        return text
    }

    /// The name of a field.
    mutating func readKey() throws(SWIMError) -> String {
        try readString("a field's name")
    }

    /// An integer of any width that fits `T`.
    mutating func readInteger<T: FixedWidthInteger>(_ field: String, as _: T.Type = T.self) throws(SWIMError) -> T {
        let head = try readHead()
        switch head.kind {
        case .integer(let value):
            guard let value = T(exactly: value) else { throw .invalid(field: field) }
            return value
        case .null: return 0
        default: throw .mistyped(expected: "a number", byte: head.byte)
        }
    }

    /// A truth value.
    mutating func readBool() throws(SWIMError) -> Bool {
        let head = try readHead()
        switch head.kind {
        case .bool(let value): return value
        case .null: return false
        default: throw .mistyped(expected: "true or false", byte: head.byte)
        }
    }

    /// Passes over a value of any kind, whatever it holds.
    mutating func skip() throws(SWIMError) {
        var pending = 1
        while pending > 0 {
            pending += try skipHead() - 1
        }
    }

    /// Passes over a value's beginning and the bytes that belong to it. Returns how many values follow that are part of
    /// it.
    mutating func skipHead() throws(SWIMError) -> Int {
        let start = reader
        do throws(SWIMError) {
            let head = try readHead()
            switch head.kind {
            case .integer, .bool, .null: return 0
            case .bytes, .other:
                _ = try readRaw(head.length)
                return 0
            case .array: return head.length
            case .map: return head.length * 2
            }
        } catch {
            // So that whoever gets more bytes can try again from here.
            reader = start
            throw error
        }
    }

    private enum Kind {
        case integer(Int64)
        case bool(Bool)
        case null
        /// A string of `length` bytes.
        case bytes
        /// `length` bytes of something that memberlist has no use for: floating point and extensions.
        case other
        case array
        case map
    }

    /// The beginning of a value.
    private struct Head {
        let byte: UInt8
        let kind: Kind
        var length = 0
    }

    private mutating func readHead() throws(SWIMError) -> Head {
        let byte = try read(UInt8.self)
        switch byte {
        case 0x00...0x7F: return Head(byte: byte, kind: .integer(Int64(byte)))
        case 0x80...0x8F: return Head(byte: byte, kind: .map, length: Int(byte & 0x0F))
        case 0x90...0x9F: return Head(byte: byte, kind: .array, length: Int(byte & 0x0F))
        case 0xA0...0xBF: return Head(byte: byte, kind: .bytes, length: Int(byte & 0x1F))
        case 0xC0: return Head(byte: byte, kind: .null)
        case 0xC2, 0xC3: return Head(byte: byte, kind: .bool(byte == 0xC3))
        case 0xC4, 0xD9: return Head(byte: byte, kind: .bytes, length: Int(try read(UInt8.self)))
        case 0xC5, 0xDA: return Head(byte: byte, kind: .bytes, length: Int(try read(UInt16.self)))
        case 0xC6, 0xDB: return Head(byte: byte, kind: .bytes, length: Int(try read(UInt32.self)))
        // Extensions and floating point: their length without the bytes before it, plus one for an extension's type.
        case 0xC7: return Head(byte: byte, kind: .other, length: Int(try read(UInt8.self)) + 1)
        case 0xC8: return Head(byte: byte, kind: .other, length: Int(try read(UInt16.self)) + 1)
        case 0xC9: return Head(byte: byte, kind: .other, length: Int(try read(UInt32.self)) + 1)
        case 0xCA: return Head(byte: byte, kind: .other, length: 4)
        case 0xCB: return Head(byte: byte, kind: .other, length: 8)
        case 0xCC: return Head(byte: byte, kind: .integer(Int64(try read(UInt8.self))))
        case 0xCD: return Head(byte: byte, kind: .integer(Int64(try read(UInt16.self))))
        case 0xCE: return Head(byte: byte, kind: .integer(Int64(try read(UInt32.self))))
        case 0xCF: return Head(byte: byte, kind: .integer(Int64(clamping: try read(UInt64.self))))
        case 0xD0: return Head(byte: byte, kind: .integer(Int64(Int8(bitPattern: try read()))))
        case 0xD1: return Head(byte: byte, kind: .integer(Int64(Int16(bitPattern: try read()))))
        case 0xD2: return Head(byte: byte, kind: .integer(Int64(Int32(bitPattern: try read()))))
        case 0xD3: return Head(byte: byte, kind: .integer(Int64(bitPattern: try read())))
        case 0xD4...0xD8: return Head(byte: byte, kind: .other, length: (1 << Int(byte - 0xD4)) + 1)
        case 0xDC: return Head(byte: byte, kind: .array, length: Int(try read(UInt16.self)))
        case 0xDD: return Head(byte: byte, kind: .array, length: Int(try read(UInt32.self)))
        case 0xDE: return Head(byte: byte, kind: .map, length: Int(try read(UInt16.self)))
        case 0xDF: return Head(byte: byte, kind: .map, length: Int(try read(UInt32.self)))
        case 0xE0...0xFF: return Head(byte: byte, kind: .integer(Int64(Int8(bitPattern: byte))))
        default: throw .mistyped(expected: "a value", byte: byte)
        }
    }

    private mutating func read<T: FixedWidthInteger & UnsignedInteger>(_: T.Type = T.self) throws(SWIMError) -> T {
        do throws(WireError) {
            return try reader.read(T.self)
        } catch {
            throw .truncated(needed: T.bitWidth / 8, available: remaining)
        }
    }
}
