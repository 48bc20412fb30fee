internal import Wire

extension Ping {
    /// Reads the structure that follows the type.
    init(from reader: inout MessagePackReader) throws(SWIMError) {
        self.init(sequence: 0, node: "")
        var address: ArraySlice<UInt8> = []
        var port: UInt16 = 0
        for _ in 0..<(try reader.readFieldCount()) {
            switch try reader.readKey() {
            case "SeqNo": sequence = try reader.readInteger("SeqNo")
            case "Node": node = try reader.readString("Node")
            case "SourceAddr": address = try reader.readBytes()
            case "SourcePort": port = try reader.readInteger("SourcePort")
            case "SourceNode": sourceNode = try reader.readString("SourceNode")
            default: try reader.skip()
            }
        }
        source = SocketAddress(addressBytes: address, port: port)
    }

    /// Writes the structure that follows the type; what the sender does not tell of itself is left out.
    func write(to writer: inout MessagePackWriter) {
        writer.write(fieldCount: 2 + (source == nil ? 0 : 2) + (sourceNode.isEmpty ? 0 : 1))
        writer.write("Node", node)
        writer.write("SeqNo", UInt64(sequence))
        writer.write(source: source, node: sourceNode)
    }
}

extension MessagePackWriter {
    /// The three fields with which a ping tells who asks; what is not known is left out.
    mutating func write(source: SocketAddress?, node: String) {
        if let source {
            write("SourceAddr", source.addressBytes)
        }
        if !node.isEmpty {
            write("SourceNode", node)
        }
        if let source {
            write("SourcePort", UInt64(source.port))
        }
    }
}
