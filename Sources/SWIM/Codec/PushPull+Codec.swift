extension PushPull {
    /// The structure that begins a push/pull (pushPullHeader in memberlist's net.go). As many structures of members
    /// follow, one behind the other, and the bytes of the user state.
    struct Header {
        var nodeCount: UInt32 = 0
        var userStateLength: UInt32 = 0
        var isJoin = false

        /// Reads the structure.
        init(from reader: inout MessagePackReader) throws(SWIMError) {
            for _ in 0..<(try reader.readFieldCount()) {
                switch try reader.readKey() {
                case "Nodes": nodeCount = try reader.readInteger("Nodes")
                case "UserStateLen": userStateLength = try reader.readInteger("UserStateLen")
                case "Join": isJoin = try reader.readBool()
                default: try reader.skip()
                }
            }
            guard nodeCount <= Limit.nodesPerState else { throw .invalid(field: "Nodes") }
        }
    }

    /// Reads what follows the type. A member that cannot be used, for example because it has no address, is left out:
    /// others may believe in it, and should not be kept from telling of the rest.
    init(from reader: inout MessagePackReader) throws(SWIMError) {
        let header = try Header(from: &reader)
        self.init(isJoin: header.isJoin, nodes: [])
        for _ in 0..<header.nodeCount {
            let fields = try MemberFields(from: &reader)
            guard let alive = try? fields.alive(), let status = Member.Status(rawValue: fields.state) else { continue }
            nodes.append(NodeState(alive, status: status))
        }
        userState = Array(try reader.readRaw(Int(header.userStateLength)))
    }

    /// Writes what follows the type.
    func write(to writer: inout MessagePackWriter) {
        writer.write(fieldCount: 3)
        writer.write("Join", isJoin)
        writer.write("Nodes", UInt64(nodes.count))
        writer.write("UserStateLen", UInt64(userState.count))
        for node in nodes { node.write(to: &writer) }
        writer.write(raw: userState)
    }
}

extension PushPull.NodeState {
    /// Writes the structure of one member.
    func write(to writer: inout MessagePackWriter) {
        writer.write(fieldCount: 7)
        writer.write("Addr", alive.address.addressBytes)
        writer.write("Incarnation", UInt64(alive.incarnation))
        writer.write("Meta", orNil: alive.metadata)
        writer.write("Name", alive.node)
        writer.write("Port", UInt64(alive.address.port))
        writer.write("State", UInt64(status.rawValue))
        writer.write("Vsn", alive.versions.bytes)
    }
}
