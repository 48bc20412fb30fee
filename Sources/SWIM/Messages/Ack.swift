/// The answer to a `Ping` or an `IndirectPing`.
public struct Ack: Hashable, Sendable {
    /// SeqNo: that of the ping.
    public var sequence: UInt32
    /// Payload: bytes that the protocol carries and does not understand.
    public var payload: [UInt8]

    /// An answer with these fields.
    public init(sequence: UInt32, payload: [UInt8] = []) {
        self.sequence = sequence
        self.payload = payload
    }
}
