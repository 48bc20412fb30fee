public import Wire

/// What an `Instance` has learnt, for those above it.
public enum Report: Hashable, Sendable {
    /// A member came, changed what it says, or stands otherwise than before.
    case changed(Member)
    /// A member was dead or gone for so long that it is forgotten.
    case forgotten(String)
    /// A member told all these bytes.
    case told([UInt8])
    /// A member's `PushPull.userState`; `isJoin` where one of the two comes new to the group.
    case merged([UInt8], isJoin: Bool)
    /// A member answers so slowly, or the way to it loses so much, that it is given so many times the time that another has;
    /// 1 once it does well again. Told where that has changed noticeably, and only by `Timing`s that stretch.
    case stretched(String, by: Int)
    /// Another member that is alive goes by this node's name, at this address.
    case nameTaken(by: SocketAddress)
    /// This process was stopped or starved for so long, more than a probe interval: what it believes of others is old.
    /// Those above decide how much they bear.
    case late(by: Duration)
    /// The farewell has been told, or nobody is there to hear it.
    case hasLeft
}
