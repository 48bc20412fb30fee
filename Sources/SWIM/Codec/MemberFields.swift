internal import Wire

/// What an `Alive` and a `PushPull.NodeState` tell of a member, as it stands on the wire: the one calls it `Node` and
/// the other `Name`, and gives a `State`.
struct MemberFields {
    /// The raw value of a `Member.Status`, if it is one.
    private(set) var state: UInt8 = 0

    private var name = ""
    private var incarnation: UInt32 = 0
    private var address: ArraySlice<UInt8> = []
    private var port: UInt16 = 0
    private var metadata: ArraySlice<UInt8> = []
    private var versions: ArraySlice<UInt8> = []

    /// Reads the structure.
    init(from reader: inout MessagePackReader) throws(SWIMError) {
        for _ in 0..<(try reader.readFieldCount()) {
            switch try reader.readKey() {
            case "Incarnation": incarnation = try reader.readInteger("Incarnation")
            case "Node", "Name": name = try reader.readString("Node")
            case "Addr": address = try reader.readBytes()
            case "Port": port = try reader.readInteger("Port")
            case "Meta": metadata = try reader.readBytes()
            case "Vsn": versions = try reader.readBytes()
            case "State": state = try reader.readInteger("State")
            default: try reader.skip()
            }
        }
    }

    /// The member that the fields tell of.
    func alive() throws(SWIMError) -> Alive {
        guard !name.isEmpty else { throw .invalid(field: "Node") }
        guard let address = SocketAddress(addressBytes: address, port: port) else { throw .invalid(field: "Addr") }
        guard metadata.count <= Limit.metadataBytes else { throw .invalid(field: "Meta") }
        guard let versions = Versions(bytes: versions) else { throw .invalid(field: "Vsn") }
        return Alive(
            incarnation: incarnation, node: name, address: address, metadata: Array(metadata), versions: versions)
    }
}
