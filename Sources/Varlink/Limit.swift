/// The limits of a conversation.
public enum Limit {
    /// A call; nobody has reason to send a longer one.
    public static let callBytes = 64 << 10
    /// A reply. libsystemd's clients take no longer one either.
    public static let replyBytes = 16 << 20
    /// A connection without a whole call for this long, or whose client has not taken a reply within it, is closed.
    public static let idle = Duration.seconds(30)
}
