import Wire

/// Registers as they travel, in direct messages and in the state that memberlist's members exchange.
///
/// ```
/// for each owner: owner: length 1 (0 for nobody), name | count 2 | for each address: family 1 (4, 6), address 4 or 16, epoch 8
/// ```
///
/// All numbers in network byte order.
extension Registers {
    /// The registers of some addresses.
    typealias Entries = [(address: IPAddress, register: Register)]

    /// Reads all that is left.
    ///
    /// - Throws: `WireError` where it is cut short, or a field has no meaning.
    static func read(from reader: inout ByteReader) throws(WireError) -> Entries {
        var entries: Entries = []
        while reader.remaining > 0 {
            let owner = try reader.readNodeName(orNone: true)
            for _ in 0..<(try reader.read(UInt16.self)) {
                let address = try reader.readIPAddress()
                let epoch = try reader.read(UInt64.self)
                guard epoch > 0, epoch <= Register.maximumEpoch else { throw .invalid(field: "epoch", value: epoch) }
                entries.append((address, Register(epoch: epoch, owner: owner)))
            }
        }
        return entries
    }

    /// The bytes of `entries`, by owner and address, in parts of `maximumBytes` at most, where a name and an address fit into so many.
    static func encode(_ entries: Entries, maximumBytes: Int) -> [[UInt8]] {
        var parts: [[UInt8]] = []
        for (owner, group) in Dictionary(grouping: entries, by: \.register.owner).sorted(by: { $0.key < $1.key }) {
            var rest = group.sorted { $0.address < $1.address }[...]
            while !rest.isEmpty {
                var writer = ByteWriter(capacity: 64)
                writer.write(nodeName: owner)
                let room = maximumBytes - writer.bytes.count - 2
                let counted = rest.prefix(min(max(room / 25, 1), Int(UInt16.max)))
                writer.write(UInt16(counted.count))
                for entry in counted {
                    writer.write(entry.address)
                    writer.write(entry.register.epoch)
                }
                rest = rest.dropFirst(counted.count)
                // Small groups share a part.
                if let last = parts.last, last.count + writer.bytes.count <= maximumBytes {
                    parts[parts.count - 1] += writer.bytes
                } else {
                    parts.append(writer.bytes)
                }
            }
        }
        return parts
    }

    /// All registers.
    var all: Entries { entries.map { ($0.key, $0.value) } }
}
