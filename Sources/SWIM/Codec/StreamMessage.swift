/// What a member says on a connection by TCP: one message each way (memberlist's net.go).
public enum StreamMessage: Hashable, Sendable {
    /// The whole state; the answer is the other's.
    case pushPull(PushPull)
    /// Are you there? For where datagrams are lost.
    case ping(Ping)
    /// I am here.
    case ack(Ack)
    /// Bytes that the protocol carries and does not understand; there is no answer.
    case user([UInt8])
    /// The answer to what could not be read.
    case error(String)
}

extension StreamMessage {
    /// Reads one whole message, its type first. What follows it is ignored, as memberlist does.
    init(_ bytes: ArraySlice<UInt8>) throws(SWIMError) {
        guard let type = bytes.first else { throw .truncated(needed: 1, available: 0) }
        var reader = MessagePackReader(bytes.dropFirst())
        switch MessageType(rawValue: type) {
        case .pushPull: self = .pushPull(try PushPull(from: &reader))
        case .ping: self = .ping(try Ping(from: &reader))
        case .ack: self = .ack(try Ack(from: &reader))
        case .user:
            let length = try Self.readUserLength(from: &reader)
            self = .user(Array(try reader.readRaw(length)))
        case .error: self = .error(try Self.readError(from: &reader))
        default: throw .unknownMessage(type: type)
        }
    }

    /// The structure before a user message.
    static func readUserLength(from reader: inout MessagePackReader) throws(SWIMError) -> Int {
        var length: UInt32 = 0
        for _ in 0..<(try reader.readFieldCount()) {
            switch try reader.readKey() {
            case "UserMsgLen": length = try reader.readInteger("UserMsgLen")
            default: try reader.skip()
            }
        }
        return Int(length)
    }

    private static func readError(from reader: inout MessagePackReader) throws(SWIMError) -> String {
        var text = ""
        for _ in 0..<(try reader.readFieldCount()) {
            switch try reader.readKey() {
            case "Error": text = try reader.readString("Error")
            default: try reader.skip()
            }
        }
        return text
    }

    /// The message on the wire, its type first, before it is wrapped.
    var bytes: [UInt8] {
        var writer = MessagePackWriter()
        switch self {
        case .pushPull(let state):
            writer.write(type: .pushPull)
            state.write(to: &writer)
        case .ping(let ping):
            writer.write(type: .ping)
            ping.write(to: &writer)
        case .ack(let ack):
            writer.write(type: .ack)
            ack.write(to: &writer)
        case .user(let bytes):
            writer.write(type: .user)
            writer.write(fieldCount: 1)
            writer.write("UserMsgLen", UInt64(bytes.count))
            writer.write(raw: bytes)
        case .error(let text):
            writer.write(type: .error)
            writer.write(fieldCount: 1)
            writer.write("Error", text)
        }
        return writer.bytes
    }
}
