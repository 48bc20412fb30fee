internal import Wire

extension ASPath {
    /// Reads the value of an attribute whose numbers have four octets or two; nil where it is none.
    init?(_ value: ArraySlice<UInt8>, hasFourOctets: Bool) {
        segments = []
        var reader = ByteReader(value)
        while reader.remaining > 0 {
            guard let number = try? reader.read(UInt8.self), let kind = Kind(rawValue: number),
                let count = try? reader.read(UInt8.self), count > 0
            else { return nil }
            var asns: [UInt32] = []
            for _ in 0..<count {
                let asn =
                    hasFourOctets ? try? reader.read(UInt32.self) : (try? reader.read(UInt16.self)).map(UInt32.init)
                guard let asn else { return nil }
                asns.append(asn)
            }
            segments.append(Segment(kind, asns))
        }
    }

    /// The value of the attribute. In two octets, `Open.transitionASN` stands for numbers that have no room there.
    func bytes(hasFourOctets: Bool) -> [UInt8] {
        var writer = ByteWriter()
        for segment in segments {
            writer.write(segment.kind.rawValue)
            writer.write(UInt8(clamping: segment.asns.count))
            for asn in segment.asns.prefix(Int(UInt8.max)) {
                if hasFourOctets {
                    writer.write(asn)
                } else {
                    writer.write(UInt16(exactly: asn) ?? Open.transitionASN)
                }
            }
        }
        return writer.bytes
    }
}
