/// The names of nodes, as our own protocols carry them: the length in a byte, then the bytes in UTF-8.
public enum NodeName {
    /// The longest (RFC 1123 section 2.1), in bytes.
    public static let maximumLength = 253
}

extension ByteReader {
    /// Reads a node's name, which may be empty where there may be none.
    ///
    /// - Throws: `WireError` where it is cut short, too long, empty, or not in UTF-8.
    public mutating func readNodeName(orNone mayBeEmpty: Bool = false) throws(WireError) -> String {
        let length = try read(UInt8.self)
        guard length <= NodeName.maximumLength, length > 0 || mayBeEmpty else {
            throw .invalid(field: "length of a name", value: UInt64(length))
        }
        let bytes = try read(Int(length))
        guard let name = String(validating: bytes, as: UTF8.self) else {
            throw .malformed(text: String(decoding: bytes, as: UTF8.self), expected: "a name in UTF-8")
        }
        return name
    }
}

extension ByteWriter {
    /// Writes a node's name; one that is too long, which Kubernetes allows no node, is cut.
    public mutating func write(nodeName name: String) {
        let bytes = name.utf8.prefix(NodeName.maximumLength)
        write(UInt8(bytes.count))
        write(bytes)
    }
}
