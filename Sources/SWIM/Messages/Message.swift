/// A message of the protocol (memberlist's net.go): what a datagram holds, alone or several together.
public enum Message: Hashable, Sendable {
    /// Are you there?
    case ping(Ping)
    /// Ask another member in my stead.
    case indirectPing(IndirectPing)
    /// I am here; or the member that you asked about is.
    case ack(Ack)
    /// The member that you asked about did not answer me in time. Holds the sequence number of the indirect ping.
    case nack(sequence: UInt32)
    /// A member does not answer.
    case suspect(Suspect)
    /// A member is alive.
    case alive(Alive)
    /// A member is dead, or has left.
    case dead(Dead)
    /// Bytes that the protocol carries and does not understand.
    case user([UInt8])
}
