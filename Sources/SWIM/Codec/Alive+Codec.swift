internal import Wire

extension Alive {
    /// Reads the structure that follows the type.
    init(from reader: inout MessagePackReader) throws(SWIMError) {
        self = try MemberFields(from: &reader).alive()
    }

    /// Writes the structure that follows the type.
    func write(to writer: inout MessagePackWriter) {
        writer.write(fieldCount: 6)
        writer.write("Addr", address.addressBytes)
        writer.write("Incarnation", UInt64(incarnation))
        writer.write("Meta", orNil: metadata)
        writer.write("Node", node)
        writer.write("Port", UInt64(address.port))
        writer.write("Vsn", versions.bytes)
    }
}
