public import Wire

/// A netlink message (netlink(7), RFC 3549 section 2.3.2): a header of 16 bytes in the machine's byte order, and its
/// payload.
public struct Message: Hashable, Sendable {
    /// The kinds of messages that this module knows (linux/netlink.h, linux/rtnetlink.h).
    public enum Kind {
        /// NLMSG_ERROR: the answer to a request that failed, or an acknowledgement.
        public static let error: UInt16 = 2
        /// NLMSG_DONE: the end of a dump.
        public static let done: UInt16 = 3
        /// NLMSG_OVERRUN: messages were lost.
        public static let overrun: UInt16 = 4
        /// RTM_NEWLINK: a link is there, new or changed.
        public static let newLink: UInt16 = 16
        /// RTM_DELLINK: a link is gone.
        public static let deleteLink: UInt16 = 17
        /// RTM_GETLINK: asks for links.
        public static let getLink: UInt16 = 18
        /// RTM_NEWADDR: an address is there, new or changed.
        public static let newAddress: UInt16 = 20
        /// RTM_DELADDR: an address is gone.
        public static let deleteAddress: UInt16 = 21
        /// RTM_GETADDR: asks for addresses.
        public static let getAddress: UInt16 = 22
        /// RTM_NEWROUTE: a route, where it answers a request.
        public static let newRoute: UInt16 = 24
        /// RTM_GETROUTE: asks for a route.
        public static let getRoute: UInt16 = 26
    }

    /// The bits of nlmsg_flags that this module uses.
    public struct Flags: OptionSet, Hashable, Sendable {
        /// The kernel's bits.
        public let rawValue: UInt16

        /// The flags with these bits.
        public init(rawValue: UInt16) {
            self.rawValue = rawValue
        }

        /// NLM_F_REQUEST: a request to the kernel.
        public static let request = Flags(rawValue: 0x01)
        /// NLM_F_MULTI: a part of a dump; NLMSG_DONE ends it.
        public static let multipart = Flags(rawValue: 0x02)
        /// NLM_F_ACK: tell what came of it, also where it went well.
        public static let acknowledge = Flags(rawValue: 0x04)
        /// NLM_F_DUMP_INTR: something changed under the dump, so it may be inconsistent.
        public static let dumpInterrupted = Flags(rawValue: 0x10)
        /// NLM_F_DUMP: asks for everything there is.
        public static let dump = Flags(rawValue: 0x300)
        /// NLM_F_REPLACE: change what is there. In a request that makes something, as the two below.
        public static let replace = Flags(rawValue: 0x100)
        /// NLM_F_EXCL: fail where it is there.
        public static let exclusive = Flags(rawValue: 0x200)
        /// NLM_F_CREATE: make it where it is not there.
        public static let create = Flags(rawValue: 0x400)
    }

    /// nlmsg_type: one of `Kind`, or another.
    public var type: UInt16
    /// nlmsg_flags.
    public var flags: Flags
    /// nlmsg_seq: the number of the request that it answers; 0 where it answers none.
    public var sequence: UInt32
    /// nlmsg_pid: the socket that it answers.
    public var portID: UInt32
    /// What follows the header, without padding.
    public var payload: ArraySlice<UInt8>

    static let headerLength = 16

    /// A message with these fields.
    public init(
        type: UInt16, flags: Flags = [], sequence: UInt32 = 0, portID: UInt32 = 0, payload: ArraySlice<UInt8> = []
    ) {
        self.type = type
        self.flags = flags
        self.sequence = sequence
        self.portID = portID
        self.payload = payload
    }

    /// Reads the next message of a datagram and the padding behind it; nil at the datagram's end.
    ///
    /// - Throws: `WireError` where the header's length is less than a header's or more than what is there; where the
    ///   next message begins is then unknown.
    public static func next(in reader: inout ByteReader) throws(WireError) -> Message? {
        guard reader.remaining > 0 else { return nil }
        let length = Int(try reader.readNative(UInt32.self))
        guard length >= headerLength else { throw .invalid(field: "nlmsg_len", value: UInt64(length)) }
        let message = Message(
            type: try reader.readNative(), flags: Flags(rawValue: try reader.readNative()),
            sequence: try reader.readNative(), portID: try reader.readNative(),
            payload: try reader.read(length - headerLength))
        try reader.skipPadding(after: length)
        return message
    }

    /// The message's bytes, padded to a multiple of 4.
    public var bytes: [UInt8] {
        let length = Self.headerLength + payload.count
        var writer = ByteWriter(capacity: length + 3)
        writer.writeNative(UInt32(length))
        writer.writeNative(type)
        writer.writeNative(flags.rawValue)
        writer.writeNative(sequence)
        writer.writeNative(portID)
        writer.write(payload)
        writer.write([UInt8](repeating: 0, count: padding(after: length)))
        return writer.bytes
    }

    /// The request for all links: a struct ifinfomsg for every family, and IFLA_EXT_MASK to leave their statistics out.
    public static func linkDump(sequence: UInt32) -> Message {
        var payload = ByteWriter(capacity: 24)
        payload.write([UInt8](repeating: 0, count: LinkMessage.headerLength))
        payload.write(LinkMessage.AttributeType.extensionMask, number: LinkMessage.skipStatistics)
        return Message(
            type: Kind.getLink, flags: [.request, .dump], sequence: sequence, payload: ArraySlice(payload.bytes))
    }

    /// The request for all addresses: an empty struct ifaddrmsg, which stands for every family.
    public static func addressDump(sequence: UInt32) -> Message {
        Message(
            type: Kind.getAddress, flags: [.request, .dump], sequence: sequence,
            payload: ArraySlice(repeating: 0, count: AddressMessage.headerLength))
    }
}

/// The number of bytes that fill `length` up to a multiple of 4 (NLMSG_ALIGNTO, RTA_ALIGNTO).
func padding(after length: Int) -> Int {
    -length & 3
}

extension ByteReader {
    /// Skips the padding behind a message or attribute of `length` bytes; the last one may go without.
    mutating func skipPadding(after length: Int) throws(WireError) {
        _ = try read(min(padding(after: length), remaining))
    }
}
