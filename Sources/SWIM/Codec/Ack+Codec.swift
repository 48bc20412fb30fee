extension Ack {
    /// Reads the structure that follows the type, which a nack has as well, without the payload.
    init(from reader: inout MessagePackReader) throws(SWIMError) {
        self.init(sequence: 0)
        for _ in 0..<(try reader.readFieldCount()) {
            switch try reader.readKey() {
            case "SeqNo": sequence = try reader.readInteger("SeqNo")
            case "Payload": payload = Array(try reader.readBytes())
            default: try reader.skip()
            }
        }
    }

    /// Writes the structure that follows the type.
    func write(to writer: inout MessagePackWriter) {
        writer.write(fieldCount: 2)
        writer.write("Payload", orNil: payload)
        writer.write("SeqNo", UInt64(sequence))
    }
}
