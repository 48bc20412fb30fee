extension Message {
    /// A stand-in until the codec is here: never less than the encoded length.
    var encodedLength: Int {
        switch self {
        case .ping(let ping): 96 + ping.node.utf8.count + ping.sourceNode.utf8.count
        case .indirectPing(let ping): 128 + ping.node.utf8.count + ping.sourceNode.utf8.count
        case .ack(let ack): 32 + ack.payload.count
        case .nack: 16
        case .suspect(let suspect): 48 + suspect.node.utf8.count + suspect.from.utf8.count
        case .alive(let alive): 80 + alive.node.utf8.count + alive.metadata.count
        case .dead(let dead): 48 + dead.node.utf8.count + dead.from.utf8.count
        case .user(let bytes): 1 + bytes.count
        }
    }
}
