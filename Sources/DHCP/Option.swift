internal import Wire

/// An option of a message (RFC 2132): a code of one byte, the length of its value in one byte, and the value.
public struct Option: Hashable, Sendable {
    /// What an option says.
    public struct Code: RawRepresentable, Hashable, Sendable {
        /// The number on the wire.
        public let rawValue: UInt8

        /// The code with this number.
        public init(rawValue: UInt8) {
            self.rawValue = rawValue
        }

        /// Subnet Mask (RFC 2132 section 3.3).
        public static let subnetMask = Code(rawValue: 1)
        /// Router (section 3.5).
        public static let router = Code(rawValue: 3)
        /// DHCP Message Type (section 9.6).
        public static let messageType = Code(rawValue: 53)
        /// Server Identifier (section 9.7).
        public static let serverIdentifier = Code(rawValue: 54)
        /// Parameter Request List (section 9.8).
        public static let parameterRequestList = Code(rawValue: 55)
        /// Client-identifier (section 9.14).
        public static let clientIdentifier = Code(rawValue: 61)

        /// Pad Option (section 3.1): one byte without a length, for alignment.
        static let pad = Code(rawValue: 0)
        /// End Option (section 3.2): one byte without a length, after which nothing counts.
        static let end = Code(rawValue: 255)
    }

    /// What it says.
    public var code: Code
    /// Its value, at most 255 bytes.
    public var value: [UInt8]

    /// An option with this value.
    public init(_ code: Code, _ value: [UInt8]) {
        self.code = code
        self.value = value
    }

    /// Reads options up to the one that ends them, or to the end of the packet. The parts of an option that was split are
    /// one (RFC 3396 section 7).
    ///
    /// - Throws: `WireError` where one is cut short.
    static func readAll(from reader: inout ByteReader) throws(WireError) -> [Option] {
        var options: [Option] = []
        while reader.remaining > 0 {
            let code = Code(rawValue: try reader.read())
            if code == .pad { continue }
            if code == .end { break }
            let length: UInt8 = try reader.read()
            let value = try reader.read(Int(length))
            if let index = options.firstIndex(where: { $0.code == code }) {
                options[index].value += value
            } else {
                options.append(Option(code, Array(value)))
            }
        }
        return options
    }

    /// Appends the option; what is longer than 255 bytes is split (RFC 3396 section 5).
    func write(to writer: inout ByteWriter) {
        var rest = value[...]
        repeat {
            let part = rest.prefix(255)
            rest = rest.dropFirst(part.count)
            writer.write(code.rawValue)
            writer.write(UInt8(part.count))
            writer.write(part)
        } while !rest.isEmpty
    }
}
