internal import Wire

extension Open {
    /// The type of a parameter that holds capabilities (RFC 5492 section 4).
    private static let capabilitiesParameter: UInt8 = 2
    /// What says, as length and as first type, that lengths have two bytes (RFC 9072).
    private static let extendedLengthMark: UInt8 = 255

    /// Reads the message without its header.
    init(_ body: ArraySlice<UInt8>) throws(BGPError) {
        var reader = ByteReader(body)
        guard let version = try? reader.read(UInt8.self), let shortASN = try? reader.read(UInt16.self),
            let holdTimeSeconds = try? reader.read(UInt16.self), let routerID = try? reader.readIPv4Address()
        else { throw .malformedOpen }
        guard version == Codec.version else { throw .unsupportedVersion(version) }
        self.init(
            shortASN: shortASN, holdTimeSeconds: holdTimeSeconds, routerID: routerID,
            capabilities: try Self.capabilities(&reader))
    }

    /// Reads the parameters, of which only capabilities are known.
    private static func capabilities(_ reader: inout ByteReader) throws(BGPError) -> [Capability] {
        guard var length = (try? reader.read(UInt8.self)).map(Int.init) else { throw .malformedOpen }
        var probe = reader
        let isExtended = length == extendedLengthMark && (try? probe.read(UInt8.self)) == extendedLengthMark
        if isExtended {
            guard let long = try? probe.read(UInt16.self) else { throw .malformedOpen }
            length = Int(long)
            reader = probe
        }
        guard length == reader.remaining else { throw .malformedOpen }
        var capabilities: [Capability] = []
        while reader.remaining > 0 {
            guard let type = try? reader.read(UInt8.self),
                let length = isExtended ? (try? reader.read(UInt16.self)).map(Int.init) : reader.readLength(),
                let value = try? reader.read(length)
            else { throw .malformedOpen }
            guard type == capabilitiesParameter else { throw .unsupportedParameter(type) }
            var parameter = ByteReader(value)
            while parameter.remaining > 0 {
                guard let code = try? parameter.read(UInt8.self), let length = parameter.readLength(),
                    let value = try? parameter.read(length)
                else { throw .malformedOpen }
                capabilities.append(Capability(code: code, value: value))
            }
        }
        return capabilities
    }

    /// The message without its header.
    var bytes: [UInt8] {
        var parameter = ByteWriter()
        for capability in capabilities { capability.write(to: &parameter) }
        let written = parameter.bytes
        var writer = ByteWriter(capacity: 16 + written.count)
        writer.write(Codec.version)
        writer.write(shortASN)
        writer.write(holdTimeSeconds)
        writer.write(routerID)
        // All in one parameter, which needs a type and a length.
        switch written.count {
        case 0:
            writer.write(UInt8(0))
        case 1..<Int(Self.extendedLengthMark) - 2:
            writer.write(UInt8(written.count + 2))
            writer.write(Self.capabilitiesParameter)
            writer.write(UInt8(written.count))
        default:
            writer.write(Self.extendedLengthMark)
            writer.write(Self.extendedLengthMark)
            writer.write(UInt16(clamping: written.count + 3))
            writer.write(Self.capabilitiesParameter)
            writer.write(UInt16(clamping: written.count))
        }
        writer.write(written)
        return writer.bytes
    }
}

extension ByteReader {
    /// A length in one byte.
    fileprivate mutating func readLength() -> Int? { (try? read(UInt8.self)).map(Int.init) }
}
