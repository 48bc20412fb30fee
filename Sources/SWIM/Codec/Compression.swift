/// The structure that holds a compressed message (compress in memberlist's net.go). What it holds is not compressed
/// again.
enum Compression {
    /// `message` compressed, the type first.
    static func compress(_ message: [UInt8]) -> [UInt8] {
        var writer = MessagePackWriter(capacity: message.count + 16)
        writer.write(type: .compressed)
        writer.write(fieldCount: 2)
        // LZW; there is no other.
        writer.write("Algo", 0 as UInt64)
        writer.write("Buf", LZW.compress(message[...]))
        return writer.bytes
    }

    /// The message in `body`, which follows the type.
    static func decompress(_ body: ArraySlice<UInt8>, limitBytes: Int) throws(SWIMError) -> [UInt8] {
        var reader = MessagePackReader(body)
        var algorithm: UInt8 = 0
        var compressed: ArraySlice<UInt8> = []
        for _ in 0..<(try reader.readFieldCount()) {
            switch try reader.readKey() {
            case "Algo": algorithm = try reader.readInteger("Algo")
            case "Buf": compressed = try reader.readBytes()
            default: try reader.skip()
            }
        }
        guard algorithm == 0 else { throw .invalid(field: "Algo") }
        return try LZW.decompress(compressed, limitBytes: limitBytes)
    }
}
