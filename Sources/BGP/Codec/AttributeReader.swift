internal import Wire

/// Reads the path attributes of an UPDATE and judges each as RFC 7606 says: discarded, its routes taken as withdrawn, or
/// the session's end.
struct AttributeReader {
    private let codec: Codec
    private(set) var attributes = PathAttributes()
    private(set) var reach: Update.Reach?
    private(set) var unreach: Update.Unreach?
    private(set) var faults: [Update.Fault] = []
    private var seen: Set<UInt8> = []

    init(_ codec: Codec) {
        self.codec = codec
    }

    /// Reads all of `bytes`.
    mutating func read(_ bytes: ArraySlice<UInt8>) throws(BGPError) {
        var reader = ByteReader(bytes)
        while reader.remaining > 0 {
            let start = bytes.endIndex - reader.remaining
            guard let flags = try? reader.read(UInt8.self), let type = try? reader.read(UInt8.self),
                let length = Self.length(flags, &reader), let value = try? reader.read(length)
            else {
                // What follows cannot be told apart any more (section 4).
                faults.append(.init(0, .treatedAsWithdrawn))
                return
            }
            try take(flags, type, value, whole: bytes[start..<(bytes.endIndex - reader.remaining)])
        }
    }

    private static func length(_ flags: UInt8, _ reader: inout ByteReader) -> Int? {
        if flags & AttributeType.Flag.extendedLength != 0 { return (try? reader.read(UInt16.self)).map(Int.init) }
        return (try? reader.read(UInt8.self)).map(Int.init)
    }

    private mutating func take(
        _ flags: UInt8, _ number: UInt8, _ value: ArraySlice<UInt8>, whole: ArraySlice<UInt8>
    ) throws(BGPError) {
        guard let type = AttributeType(rawValue: number) else {
            guard flags & AttributeType.Flag.optional != 0 else {
                throw .unrecognizedWellKnownAttribute(Array(whole))
            }
            return
        }
        guard seen.insert(number).inserted else {
            // Section 3, g: the first one counts, but for those that hold routes.
            guard type != .reach, type != .unreach else { throw .malformedAttributeList }
            faults.append(.init(number, .discarded))
            return
        }
        if (flags ^ type.flags) & (AttributeType.Flag.optional | AttributeType.Flag.transitive) != 0 {
            faults.append(.init(number, .treatedAsWithdrawn))
        }
        switch type {
        case .reach: reach = try Self.reach(value, whole)
        case .unreach: unreach = try Self.unreach(value, whole)
        default:
            if let treatment = take(type, value) { faults.append(.init(number, treatment)) }
        }
    }

    /// Takes an attribute without routes; gives what is done about it where it is not as it should be.
    private mutating func take(_ type: AttributeType, _ value: ArraySlice<UInt8>) -> Update.Fault.Treatment? {
        switch type {
        case .origin:
            attributes.origin = value.count == 1 ? value.first.flatMap { .init(rawValue: $0) } : nil
            return attributes.origin == nil ? .treatedAsWithdrawn : nil
        case .asPath:
            attributes.asPath = ASPath(value, hasFourOctets: codec.hasFourOctetASNs)
            return attributes.asPath == nil ? .treatedAsWithdrawn : nil
        case .nextHop:
            attributes.nextHop = Self.number(value).map { IPv4Address(rawValue: $0) }.flatMap { $0.isHost ? $0 : nil }
            return attributes.nextHop == nil ? .treatedAsWithdrawn : nil
        case .multiExitDiscriminator:
            attributes.multiExitDiscriminator = Self.number(value)
            return value.count == 4 ? nil : .treatedAsWithdrawn
        case .localPreference:
            guard codec.isInternal else { return .discarded }
            attributes.localPreference = Self.number(value)
            return value.count == 4 ? nil : .treatedAsWithdrawn
        case .communities:
            attributes.communities = Self.list(value, bytes: 4) { reader throws(WireError) in
                Community(rawValue: try reader.read())
            }
            return attributes.communities.isEmpty ? .treatedAsWithdrawn : nil
        case .largeCommunities:
            attributes.largeCommunities = Self.list(value, bytes: 12) { reader throws(WireError) in
                LargeCommunity(try reader.read(), try reader.read(), try reader.read())
            }
            return attributes.largeCommunities.isEmpty ? .treatedAsWithdrawn : nil
        default:
            return judge(type, value)
        }
    }

    /// Judges an attribute that is not kept.
    private func judge(_ type: AttributeType, _ value: ArraySlice<UInt8>) -> Update.Fault.Treatment? {
        switch type {
        case .atomicAggregate: value.isEmpty ? nil : .discarded
        case .aggregator: value.count == (codec.hasFourOctetASNs ? 8 : 6) ? nil : .discarded
        case .as4Path:
            codec.hasFourOctetASNs || ASPath(value, hasFourOctets: true) == nil ? .discarded : nil
        case .as4Aggregator: codec.hasFourOctetASNs || value.count != 8 ? .discarded : nil
        case .originatorID: !codec.isInternal ? .discarded : value.count == 4 ? nil : .treatedAsWithdrawn
        case .clusterList: !codec.isInternal ? .discarded : Self.isList(value, bytes: 4) ? nil : .treatedAsWithdrawn
        case .extendedCommunities: Self.isList(value, bytes: 8) ? nil : .treatedAsWithdrawn
        case .ipv6ExtendedCommunities: Self.isList(value, bytes: 20) ? nil : .treatedAsWithdrawn
        default: nil
        }
    }

    private static func number(_ value: ArraySlice<UInt8>) -> UInt32? {
        var reader = ByteReader(value)
        return value.count == 4 ? try? reader.read(UInt32.self) : nil
    }

    private static func isList(_ value: ArraySlice<UInt8>, bytes: Int) -> Bool {
        !value.isEmpty && value.count % bytes == 0
    }

    /// The elements of a value that holds some of `bytes` bytes each; none where it does not.
    private static func list<Element>(
        _ value: ArraySlice<UInt8>, bytes: Int, _ read: (inout ByteReader) throws(WireError) -> Element
    ) -> [Element] {
        guard isList(value, bytes: bytes) else { return [] }
        var reader = ByteReader(value)
        var elements: [Element] = []
        while reader.remaining > 0 {
            guard let element = try? read(&reader) else { return [] }
            elements.append(element)
        }
        return elements
    }

    // MARK: Routes

    /// Reads MP_REACH_NLRI; nil for routes of a family that is not lbd's.
    private static func reach(
        _ value: ArraySlice<UInt8>, _ whole: ArraySlice<UInt8>
    ) throws(BGPError) -> Update.Reach? {
        var reader = ByteReader(value)
        guard let afi = try? reader.read(UInt16.self), let safi = try? reader.read(UInt8.self),
            let length = try? reader.read(UInt8.self), let hop = try? reader.read(Int(length)),
            (try? reader.read(UInt8.self)) != nil, let rest = try? reader.read(reader.remaining)
        else { throw .malformedRoutes(Array(whole)) }
        let family = RouteFamily(afi: afi, safi: safi)
        guard let unicast = family.unicast else { return nil }
        guard let nextHop = nextHop(hop, unicast), let prefixes = Prefix.list(rest, unicast) else {
            throw .malformedRoutes(Array(whole))
        }
        return Update.Reach(family, nextHop: nextHop, prefixes: prefixes)
    }

    private static func nextHop(_ bytes: ArraySlice<UInt8>, _ family: AddressFamily) -> Update.NextHop? {
        var reader = ByteReader(bytes)
        switch bytes.count {
        case 4 where family == .ipv4:
            return (try? reader.readIPv4Address()).map { Update.NextHop(.v4($0)) }
        case 16:
            return (try? reader.readIPv6Address()).map { Update.NextHop(.v6($0)) }
        case 32:
            guard let address = try? reader.readIPv6Address(), let linkLocal = try? reader.readIPv6Address() else {
                return nil
            }
            return Update.NextHop(.v6(address), linkLocal: linkLocal)
        default:
            return nil
        }
    }

    /// Reads MP_UNREACH_NLRI; nil for routes of a family that is not lbd's.
    private static func unreach(
        _ value: ArraySlice<UInt8>, _ whole: ArraySlice<UInt8>
    ) throws(BGPError) -> Update.Unreach? {
        var reader = ByteReader(value)
        guard let afi = try? reader.read(UInt16.self), let safi = try? reader.read(UInt8.self),
            let rest = try? reader.read(reader.remaining)
        else { throw .malformedRoutes(Array(whole)) }
        let family = RouteFamily(afi: afi, safi: safi)
        guard let unicast = family.unicast else { return nil }
        guard let prefixes = Prefix.list(rest, unicast) else { throw .malformedRoutes(Array(whole)) }
        return Update.Unreach(family, prefixes: prefixes)
    }
}

extension IPv4Address {
    /// Whether it can be a router's: not 0.0.0.0, no multicast (RFC 5771), nothing beyond.
    fileprivate var isHost: Bool { rawValue != 0 && rawValue < 0xE000_0000 }
}
