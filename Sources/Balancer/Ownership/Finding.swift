import Wire

/// Who has answered a node that asked by ARP or NDP for an address.
///
/// ```
/// family 1 (4, 6), address 4 or 16 | flags 1 | stations: count 1, 6 each
/// ```
struct Finding: Hashable {
    private static let hearingFlag: UInt8 = 1
    private static let maximumStations = 4

    var address: IPAddress
    /// Whether the node that asked has heard anybody's answer to anything lately.
    var isHearing: Bool
    /// The Ethernet addresses of those who answered; none where nobody did.
    var stations: [MACAddress]

    init(address: IPAddress, isHearing: Bool, stations: [MACAddress]) {
        self.address = address
        self.isHearing = isHearing
        self.stations = Array(stations.prefix(Self.maximumStations))
    }

    /// Reads all that is left.
    ///
    /// - Throws: `WireError` where it is cut short or too long, tells of more stations than it may, or of an address of no family.
    init(from reader: inout ByteReader) throws(WireError) {
        address = try reader.readIPAddress()
        isHearing = try reader.read(UInt8.self) & Self.hearingFlag != 0
        let count = try reader.read(UInt8.self)
        guard count <= Self.maximumStations else { throw .invalid(field: "stations", value: UInt64(count)) }
        stations = []
        for _ in 0..<count { stations.append(try reader.readMACAddress()) }
        guard reader.remaining == 0 else { throw .invalid(field: "length", value: UInt64(reader.remaining)) }
    }

    /// Its bytes.
    var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 32)
        writer.write(address)
        writer.write(isHearing ? Self.hearingFlag : 0)
        writer.write(UInt8(clamping: stations.count))
        for station in stations { writer.write(station) }
        return writer.bytes
    }
}
