public import Wire

extension BFD {
    /// A BFD Control packet (RFC 5880 section 4.1). Intervals are in microseconds.
    public struct ControlPacket: Hashable, Sendable {
        /// The bytes without authentication.
        static let plainBytes = 24

        /// What proves who sent a packet (RFC 5880 section 4.2): a type, and what belongs to it.
        public struct Section: Hashable, Sendable {
            /// The kind of proof.
            public var type: UInt8
            /// Key, sequence number and proof.
            public var data: [UInt8]

            /// A section with these fields; of `data`, the first 253 bytes.
            public init(type: UInt8, data: [UInt8]) {
                self.type = type
                self.data = Array(data.prefix(253))
            }
        }

        /// Why the sender's state changed last.
        public var diagnostic: Diagnostic
        /// The sender's state.
        public var state: State
        /// P: the sender wants an answer at once.
        public var isPoll: Bool
        /// F: this is the answer.
        public var isFinal: Bool
        /// C: the sender's BFD goes on while its routing protocols are away.
        public var isControlPlaneIndependent: Bool
        /// D: the sender wants no packets but where it asks.
        public var isDemand: Bool
        /// How many packets may be lost before the sender is taken to be away; never 0.
        public var detectMultiplier: UInt8
        /// The sender's number of the session; never 0.
        public var myDiscriminator: UInt32
        /// The receiver's number of the session; 0 while the sender does not know it.
        public var yourDiscriminator: UInt32
        /// How often the sender would send at most.
        public var desiredMinTxMicroseconds: UInt32
        /// How often the sender would receive at most; 0 for not at all.
        public var requiredMinRxMicroseconds: UInt32
        /// How often the sender would send echoes back at most; 0 for none.
        public var requiredMinEchoRxMicroseconds: UInt32
        /// The proof; nil for none.
        public var authentication: Section?

        /// A packet with these fields.
        public init(
            diagnostic: Diagnostic = .none, state: State, isPoll: Bool = false, isFinal: Bool = false,
            isControlPlaneIndependent: Bool = false, isDemand: Bool = false, detectMultiplier: UInt8,
            myDiscriminator: UInt32, yourDiscriminator: UInt32, desiredMinTxMicroseconds: UInt32,
            requiredMinRxMicroseconds: UInt32, requiredMinEchoRxMicroseconds: UInt32 = 0,
            authentication: Section? = nil
        ) {
            self.diagnostic = diagnostic
            self.state = state
            self.isPoll = isPoll
            self.isFinal = isFinal
            self.isControlPlaneIndependent = isControlPlaneIndependent
            self.isDemand = isDemand
            self.detectMultiplier = detectMultiplier
            self.myDiscriminator = myDiscriminator
            self.yourDiscriminator = yourDiscriminator
            self.desiredMinTxMicroseconds = desiredMinTxMicroseconds
            self.requiredMinRxMicroseconds = requiredMinRxMicroseconds
            self.requiredMinEchoRxMicroseconds = requiredMinEchoRxMicroseconds
            self.authentication = authentication
        }

        private enum Flag {
            static let poll: UInt8 = 0x20
            static let final: UInt8 = 0x10
            static let controlPlaneIndependent: UInt8 = 0x08
            static let authentication: UInt8 = 0x04
            static let demand: UInt8 = 0x02
            static let multipoint: UInt8 = 0x01
        }

        private static let version: UInt8 = 1

        /// Reads a packet from the front of a datagram; what follows it has no meaning.
        ///
        /// - Throws: `WireError` where RFC 5880 section 6.8.6 has it dropped whatever session it is for.
        public init(_ bytes: ArraySlice<UInt8>) throws(WireError) {
            var reader = ByteReader(bytes)
            let head = try reader.read(UInt8.self)
            guard head >> 5 == Self.version else { throw .invalid(field: "version", value: UInt64(head >> 5)) }
            let flags = try reader.read(UInt8.self)
            guard let state = State(rawValue: flags >> 6) else {
                throw .invalid(field: "state", value: UInt64(flags >> 6))
            }
            let detectMultiplier = try reader.read(UInt8.self)
            let length = Int(try reader.read(UInt8.self))
            let isAuthenticated = flags & Flag.authentication != 0
            guard length >= Self.plainBytes + (isAuthenticated ? 2 : 0) else {
                throw .invalid(field: "length", value: UInt64(length))
            }
            guard length <= bytes.count else { throw .truncated(needed: length, available: bytes.count) }
            guard detectMultiplier != 0 else { throw .invalid(field: "detection multiplier", value: 0) }
            guard flags & Flag.multipoint == 0 else { throw .invalid(field: "multipoint", value: 1) }
            let myDiscriminator = try reader.read(UInt32.self)
            guard myDiscriminator != 0 else { throw .invalid(field: "my discriminator", value: 0) }
            self.init(
                diagnostic: Diagnostic(rawValue: head), state: state, isPoll: flags & Flag.poll != 0,
                isFinal: flags & Flag.final != 0,
                isControlPlaneIndependent: flags & Flag.controlPlaneIndependent != 0,
                isDemand: flags & Flag.demand != 0, detectMultiplier: detectMultiplier,
                myDiscriminator: myDiscriminator, yourDiscriminator: try reader.read(),
                desiredMinTxMicroseconds: try reader.read(), requiredMinRxMicroseconds: try reader.read(),
                requiredMinEchoRxMicroseconds: try reader.read())
            guard isAuthenticated else { return }
            let type = try reader.read(UInt8.self)
            let sectionLength = Int(try reader.read(UInt8.self))
            guard sectionLength >= 2, sectionLength <= length - Self.plainBytes else {
                throw .invalid(field: "length of the authentication", value: UInt64(sectionLength))
            }
            authentication = Section(type: type, data: Array(try reader.read(sectionLength - 2)))
        }

        /// The session that a datagram says it is for, by its receiver's number: 0 where its sender does not know it, nil
        /// where there is no packet.
        public static func yourDiscriminator(of bytes: ArraySlice<UInt8>) -> UInt32? {
            (try? ControlPacket(bytes))?.yourDiscriminator
        }

        /// The packet's bytes.
        public var bytes: [UInt8] {
            var flags = state.rawValue << 6
            if isPoll { flags |= Flag.poll }
            if isFinal { flags |= Flag.final }
            if isControlPlaneIndependent { flags |= Flag.controlPlaneIndependent }
            if authentication != nil { flags |= Flag.authentication }
            if isDemand { flags |= Flag.demand }
            var writer = ByteWriter(capacity: 52)
            writer.write(Self.version << 5 | diagnostic.rawValue)
            writer.write(flags)
            writer.write(detectMultiplier)
            // A section too long for the packet's length is cut; ours have 28 bytes.
            let section = authentication.map { $0.data.prefix(Int(UInt8.max) - Self.plainBytes - 2) }
            writer.write(UInt8(Self.plainBytes + (section.map { $0.count + 2 } ?? 0)))
            writer.write(myDiscriminator)
            writer.write(yourDiscriminator)
            writer.write(desiredMinTxMicroseconds)
            writer.write(requiredMinRxMicroseconds)
            writer.write(requiredMinEchoRxMicroseconds)
            if let authentication, let section {
                writer.write(authentication.type)
                writer.write(UInt8(section.count + 2))
                writer.write(section)
            }
            return writer.bytes
        }
    }
}
