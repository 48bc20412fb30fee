import Wire

/// What daemons tell each other directly, besides the beats, in the user messages of memberlist's protocol, which keep it
/// secret and whole.
///
/// ```
/// kind 1 | version 1 | sender: length 1, name | body
/// ```
///
/// What was recorded and is sent again does no harm: registers only move on, and metadata are counted.
struct DirectMessage: Hashable {
    /// What a message tells.
    enum Body: Hashable {
        /// Registers, as `Registers.encode` writes them.
        case registers([UInt8])
        /// The last of the registers that were wanted, to the question of this number.
        case answer([UInt8], to: UInt32)
        /// Tell me all your registers. An answer repeats the number.
        case wanted(question: UInt32)
        /// What the sender says about itself, sooner than the gossip tells it: the bytes of its `Metadata`.
        case metadata([UInt8])
        /// What has come of asking by ARP or NDP for an address of yours: the bytes of a `Finding`.
        case finding([UInt8])
        /// Somebody did not hear the sender answer for this address: ask for it too, and tell.
        case doubted(IPAddress)
    }

    private enum Kind: UInt8 {
        case registers = 4
        case answer = 5
        case wanted = 6
        case metadata = 7
        case finding = 8
        case doubted = 9
    }

    private static let version: UInt8 = 1
    /// The registers of one message: with what wraps it, it is no longer than a datagram may be.
    static let maximumRegisterBytes = 1_024

    var sender: String
    var body: Body

    init(sender: String, _ body: Body) {
        self.sender = sender
        self.body = body
    }

    /// Reads all of a message.
    ///
    /// - Throws: `WireError` where it is cut short or too long, or of a version or kind that is not known.
    init(_ bytes: [UInt8]) throws(WireError) {
        var reader = ByteReader(bytes)
        let number = try reader.read(UInt8.self)
        guard let kind = Kind(rawValue: number) else { throw .invalid(field: "kind", value: UInt64(number)) }
        let version = try reader.read(UInt8.self)
        guard version == Self.version else { throw .invalid(field: "version", value: UInt64(version)) }
        sender = try reader.readNodeName()
        let rest = Array(try reader.read(reader.remaining))
        switch kind {
        case .registers: body = .registers(rest)
        case .answer:
            var answer = ByteReader(rest)
            let question = try answer.read(UInt32.self)
            body = .answer(Array(try answer.read(answer.remaining)), to: question)
        case .metadata: body = .metadata(rest)
        case .finding: body = .finding(rest)
        case .doubted:
            var address = ByteReader(rest)
            body = .doubted(try address.readIPAddress())
            guard address.remaining == 0 else { throw .invalid(field: "length", value: UInt64(rest.count)) }
        case .wanted:
            guard rest.count == 4 else { throw .invalid(field: "length", value: UInt64(rest.count)) }
            var question = ByteReader(rest)
            body = .wanted(question: try question.read(UInt32.self))
        }
    }

    /// The message's bytes. A name longer than 253 bytes, which Kubernetes allows no node, is cut.
    var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 64)
        writer.write(kind.rawValue)
        writer.write(Self.version)
        writer.write(nodeName: sender)
        switch body {
        case .registers(let bytes), .metadata(let bytes), .finding(let bytes): writer.write(bytes)
        case .answer(let bytes, to: let question):
            writer.write(question)
            writer.write(bytes)
        case .wanted(let question): writer.write(question)
        case .doubted(let address): writer.write(address)
        }
        return writer.bytes
    }

    private var kind: Kind {
        switch body {
        case .registers: .registers
        case .answer: .answer
        case .wanted: .wanted
        case .metadata: .metadata
        case .finding: .finding
        case .doubted: .doubted
        }
    }
}
