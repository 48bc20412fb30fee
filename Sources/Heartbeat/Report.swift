/// What an `Instance` has learnt, for those above it.
public enum Report: Hashable, Sendable {
    /// A node that answers for addresses has not been heard for so long, nor has anybody who was asked heard it.
    case silent(String, for: Duration)
    /// A node that was silent is heard again; or one that gossip does not call alive is, told once a second at most.
    case heard(String)
    /// Whether a node answers for addresses, as its beats tell. While it does, `silent` tells when it is gone; of one that is
    /// being restarted, once the time that it has asked for is over.
    case answering(String, Bool)
    /// Whether nobody is heard any more, though somebody should be: true before anybody is called silent for it, false with the
    /// next packet of whomever.
    case alone(Bool)
    /// What a node says that it answers for is not what is believed here; told a few times a second at most.
    case differs(String)
    /// This process was stopped or starved for so long: meanwhile others may have taken over.
    case late(by: Duration)
}
