public import Wire

/// What daemons tell each other about who is on the network, in the user messages of memberlist's protocol, which keep it
/// secret and whole.
///
/// ```
/// kind 1 | version 1 | instance 8 | counter 8 | sender: length 1, name | body
/// ```
///
/// All numbers in network byte order. `instance` is drawn at each start of a daemon, and `counter` grows with each packet
/// that it sends: what was recorded and is sent again is old.
public struct Packet: Hashable, Sendable {
    /// What a packet tells.
    public enum Body: Hashable, Sendable {
        /// The sender is there.
        case beat(Beat)
        /// Have you heard from `node`? Comes to the node itself, too, which answers with a beat.
        case inquiry(number: UInt32, node: String)
        /// The answer: the sender heard from `node` last so many milliseconds ago; the largest number for never.
        case finding(number: UInt32, node: String, silenceMilliseconds: UInt32)
    }

    /// The version of all this; one that is not known is not read.
    static let version: UInt8 = 1

    /// The sender's name.
    public var sender: String
    /// The sender's daemon, told apart from those before and after it.
    public var instance: UInt64
    /// How many packets that daemon has sent.
    public var counter: UInt64
    /// What it tells.
    public var body: Body

    /// A packet with these fields.
    public init(sender: String, instance: UInt64, counter: UInt64, body: Body) {
        self.sender = sender
        self.instance = instance
        self.counter = counter
        self.body = body
    }

    private enum Kind: UInt8 {
        case beat = 1
        case inquiry = 2
        case finding = 3
    }

    /// Reads all of a packet.
    ///
    /// - Throws: `WireError` where it is cut short or too long, or of a version or kind that is not known.
    public init(_ bytes: [UInt8]) throws(WireError) {
        var reader = ByteReader(bytes[...])
        let number = try reader.read(UInt8.self)
        guard let kind = Kind(rawValue: number) else { throw .invalid(field: "kind", value: UInt64(number)) }
        let version = try reader.read(UInt8.self)
        guard version == Self.version else { throw .invalid(field: "version", value: UInt64(version)) }
        instance = try reader.read()
        counter = try reader.read()
        sender = try reader.readNodeName()
        switch kind {
        case .beat:
            body = .beat(try Beat(from: &reader))
        case .inquiry:
            body = .inquiry(number: try reader.read(), node: try reader.readNodeName())
        case .finding:
            let (number, node) = (try reader.read(UInt32.self), try reader.readNodeName())
            body = .finding(number: number, node: node, silenceMilliseconds: try reader.read())
        }
        guard reader.remaining == 0 else { throw .invalid(field: "length", value: UInt64(reader.remaining)) }
    }

    /// The packet's bytes. A name longer than 253 bytes, which Kubernetes allows no node, is cut.
    public var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 96)
        writer.write(kind.rawValue)
        writer.write(Self.version)
        writer.write(instance)
        writer.write(counter)
        writer.write(nodeName: sender)
        switch body {
        case .beat(let beat):
            beat.write(to: &writer)
        case .inquiry(let number, let node):
            writer.write(number)
            writer.write(nodeName: node)
        case .finding(let number, let node, let silenceMilliseconds):
            writer.write(number)
            writer.write(nodeName: node)
            writer.write(silenceMilliseconds)
        }
        return writer.bytes
    }

    private var kind: Kind {
        switch body {
        case .beat: .beat
        case .inquiry: .inquiry
        case .finding: .finding
        }
    }
}
