/// The ASes that a route has come through (AS_PATH, RFC 4271 section 4.3), the nearest first.
public struct ASPath: Hashable, Sendable {
    /// How the numbers of a segment are to be read.
    public enum Kind: UInt8, Hashable, Sendable {
        /// In no order (AS_SET).
        case set = 1
        /// In order (AS_SEQUENCE).
        case sequence = 2
        /// In order, inside a confederation (RFC 5065).
        case confederationSequence = 3
        /// In no order, inside a confederation (RFC 5065).
        case confederationSet = 4
    }

    /// Some of the ASes.
    public struct Segment: Hashable, Sendable {
        /// How they are to be read.
        public var kind: Kind
        /// Their numbers, 1 to 255 of them.
        public var asns: [UInt32]

        /// The segment of these ASes.
        public init(_ kind: Kind, _ asns: [UInt32]) {
            self.kind = kind
            self.asns = asns
        }
    }

    /// The parts of the path; none inside the AS where the route begins.
    public var segments: [Segment]

    /// The path of these segments.
    public init(_ segments: [Segment] = []) {
        self.segments = segments
    }

    /// Whether a number has no room in two octets.
    var hasLongASN: Bool {
        segments.contains { $0.asns.contains { $0 > UInt32(UInt16.max) } }
    }
}
