/// What a datagram held.
public struct Datagram: Hashable, Sendable {
    /// The messages that could be read, in order.
    public var messages: [Message] = []
    /// Why others among them could not: kinds that a later version has, for example.
    public var errors: [SWIMError] = []

    /// Nothing yet.
    init() {}
}
