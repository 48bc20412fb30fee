/// What one member says of another: the fields of a `Suspect` and of a `Dead`, which are alike.
struct Claim {
    var incarnation: UInt32 = 0
    var node = ""
    var from = ""
}

extension Claim {
    /// Reads the structure.
    init(from reader: inout MessagePackReader) throws(SWIMError) {
        self.init()
        for _ in 0..<(try reader.readFieldCount()) {
            switch try reader.readKey() {
            case "Incarnation": incarnation = try reader.readInteger("Incarnation")
            case "Node": node = try reader.readString("Node")
            case "From": from = try reader.readString("From")
            default: try reader.skip()
            }
        }
        guard !node.isEmpty else { throw .invalid(field: "Node") }
    }

    /// Writes the structure.
    func write(to writer: inout MessagePackWriter) {
        writer.write(fieldCount: 3)
        writer.write("From", from)
        writer.write("Incarnation", UInt64(incarnation))
        writer.write("Node", node)
    }
}
