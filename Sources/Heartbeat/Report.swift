/// What an `Instance` has learnt, for those above it.
public enum Report: Hashable, Sendable {
    /// A node that answers for addresses has not been heard for so long, nor has anybody who was asked heard it.
    case silent(String, for: Duration)
    /// A node that was silent is heard again; or one that gossip does not call alive is, told once a second at most.
    case heard(String)
    /// This process was stopped or starved for so long: meanwhile others may have taken over.
    case late(by: Duration)
}
