import Wire

/// How Services follow the networks that the router advertises: an address of a network that is deprecated (RFC 4862 section
/// 5.5.4) is followed by one of the network that is preferred, and stays beside it until its network is gone.
struct Succession {
    /// A network that is gone without having been deprecated first is missed for so long since this node's networks changed
    /// last: after a link is back, several routers take their time to say what they have.
    static let patience = Duration.seconds(10)
    /// So many former addresses are kept beside a Service's own.
    static let formerLimit = 2

    /// When the networks that pools follow have changed last.
    var changedAt: Instant?
    /// When to look again for what is gone.
    var reviewDue: Instant?
    /// What was told last of the networks.
    var told: String?

    /// Whether it is to be looked now for what is gone; that is then under way.
    mutating func takeReview(at now: Instant) -> Bool {
        guard let due = reviewDue, due <= now else { return false }
        reviewDue = nil
        return true
    }
}
