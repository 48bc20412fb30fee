internal import Wire

extension IndirectPing {
    /// Reads the structure that follows the type.
    init(from reader: inout MessagePackReader) throws(SWIMError) {
        var (sequence, node, wantsNack, sourceNode) = (UInt32(0), "", false, "")
        var (targetAddress, targetPort) = (ArraySlice<UInt8>(), UInt16(0))
        var (sourceAddress, sourcePort) = (ArraySlice<UInt8>(), UInt16(0))
        for _ in 0..<(try reader.readFieldCount()) {
            switch try reader.readKey() {
            case "SeqNo": sequence = try reader.readInteger("SeqNo")
            case "Target": targetAddress = try reader.readBytes()
            case "Port": targetPort = try reader.readInteger("Port")
            case "Node": node = try reader.readString("Node")
            case "Nack": wantsNack = try reader.readBool()
            case "SourceAddr": sourceAddress = try reader.readBytes()
            case "SourcePort": sourcePort = try reader.readInteger("SourcePort")
            case "SourceNode": sourceNode = try reader.readString("SourceNode")
            default: try reader.skip()
            }
        }
        guard let target = SocketAddress(addressBytes: targetAddress, port: targetPort) else {
            throw .invalid(field: "Target")
        }
        self.init(
            sequence: sequence, target: target, node: node, wantsNack: wantsNack,
            source: SocketAddress(addressBytes: sourceAddress, port: sourcePort), sourceNode: sourceNode)
    }

    /// Writes the structure that follows the type; what the sender does not tell of itself is left out.
    func write(to writer: inout MessagePackWriter) {
        writer.write(fieldCount: 5 + (source == nil ? 0 : 2) + (sourceNode.isEmpty ? 0 : 1))
        writer.write("Nack", wantsNack)
        writer.write("Node", node)
        writer.write("Port", UInt64(target.port))
        writer.write("SeqNo", UInt64(sequence))
        writer.write(source: source, node: sourceNode)
        writer.write("Target", target.addressBytes)
    }
}
