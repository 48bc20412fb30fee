internal import Wire

extension Update {
    /// Reads the message without its header.
    init(_ body: ArraySlice<UInt8>, _ codec: Codec) throws(BGPError) {
        var reader = ByteReader(body)
        guard let withdrawnLength = try? reader.read(UInt16.self),
            let withdrawnBytes = try? reader.read(Int(withdrawnLength)),
            let attributesLength = try? reader.read(UInt16.self),
            let attributesBytes = try? reader.read(Int(attributesLength)),
            let announcedBytes = try? reader.read(reader.remaining)
        else { throw .malformedAttributeList }
        guard let withdrawn = Prefix.list(withdrawnBytes, .ipv4), let announced = Prefix.list(announcedBytes, .ipv4)
        else { throw .invalidNetwork }
        var attributes = AttributeReader(codec)
        try attributes.read(attributesBytes)
        self.init(
            withdrawn: withdrawn, attributes: attributes.attributes, announced: announced, reach: attributes.reach,
            unreach: attributes.unreach)
        faults = attributes.faults + missing
    }

    /// The attributes that routes must have and these do not (RFC 7606 section 3, d).
    private var missing: [Fault] {
        var types: [AttributeType] = []
        if !announced.isEmpty || reach != nil {
            if attributes.origin == nil { types.append(.origin) }
            if attributes.asPath == nil { types.append(.asPath) }
        }
        if !announced.isEmpty, attributes.nextHop == nil { types.append(.nextHop) }
        return types.map { Fault($0.rawValue, .treatedAsWithdrawn) }
    }

    /// The message without its header.
    func bytes(_ codec: Codec) -> [UInt8] {
        var writer = ByteWriter(capacity: 512)
        writer.write(prefixes: withdrawn)
        var attributes = AttributeWriter(codec)
        // First, so that the routes are found whatever is wrong behind them (RFC 7606 section 5.1).
        if let reach { attributes.write(reach) }
        if let unreach { attributes.write(unreach) }
        attributes.write(self.attributes)
        writer.write(UInt16(clamping: attributes.bytes.count))
        writer.write(attributes.bytes)
        for prefix in announced { prefix.write(to: &writer) }
        return writer.bytes
    }
}

extension ByteWriter {
    /// Prefixes behind the number of their bytes.
    fileprivate mutating func write(prefixes: [Prefix]) {
        write(UInt16(clamping: prefixes.reduce(0) { $0 + $1.encodedLength }))
        for prefix in prefixes { prefix.write(to: &self) }
    }
}

/// Writes path attributes, each with the flags that its type has.
private struct AttributeWriter {
    private let codec: Codec
    private var writer = ByteWriter(capacity: 256)

    init(_ codec: Codec) {
        self.codec = codec
    }

    var bytes: [UInt8] { writer.bytes }

    private mutating func write(_ type: AttributeType, _ value: [UInt8]) {
        let isLong = value.count > Int(UInt8.max)
        writer.write(type.flags | (isLong ? AttributeType.Flag.extendedLength : 0))
        writer.write(type.rawValue)
        if isLong {
            writer.write(UInt16(clamping: value.count))
        } else {
            writer.write(UInt8(value.count))
        }
        writer.write(value)
    }

    private mutating func write(_ type: AttributeType, _ number: UInt32) {
        write(type, (0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - 8 * $0)) })
    }

    mutating func write(_ reach: Update.Reach) {
        var value = ByteWriter(capacity: 256)
        value.write(reach.family.afi)
        value.write(reach.family.safi)
        switch reach.nextHop.address {
        case .v4(let address):
            value.write(UInt8(4))
            value.write(address)
        case .v6(let address):
            value.write(UInt8(reach.nextHop.linkLocal == nil ? 16 : 32))
            value.write(address)
            if let linkLocal = reach.nextHop.linkLocal { value.write(linkLocal) }
        }
        value.write(UInt8(0))
        for prefix in reach.prefixes { prefix.write(to: &value) }
        write(.reach, value.bytes)
    }

    mutating func write(_ unreach: Update.Unreach) {
        var value = ByteWriter(capacity: 256)
        value.write(unreach.family.afi)
        value.write(unreach.family.safi)
        for prefix in unreach.prefixes { prefix.write(to: &value) }
        write(.unreach, value.bytes)
    }

    /// Writes the others, ascending by type.
    mutating func write(_ attributes: PathAttributes) {
        if let origin = attributes.origin { write(.origin, [origin.rawValue]) }
        if let path = attributes.asPath { write(.asPath, path.bytes(hasFourOctets: codec.hasFourOctetASNs)) }
        if let nextHop = attributes.nextHop { write(.nextHop, nextHop.rawValue) }
        if let number = attributes.multiExitDiscriminator { write(.multiExitDiscriminator, number) }
        if let number = attributes.localPreference { write(.localPreference, number) }
        if !attributes.communities.isEmpty {
            var value = ByteWriter()
            for community in attributes.communities { value.write(community.rawValue) }
            write(.communities, value.bytes)
        }
        // What two octets have no room for goes beside (RFC 6793 section 4.2.2).
        if !codec.hasFourOctetASNs, let path = attributes.asPath, path.hasLongASN {
            write(.as4Path, path.bytes(hasFourOctets: true))
        }
        if !attributes.largeCommunities.isEmpty {
            var value = ByteWriter()
            for community in attributes.largeCommunities {
                value.write(community.globalAdministrator)
                value.write(community.first)
                value.write(community.second)
            }
            write(.largeCommunities, value.bytes)
        }
    }
}
