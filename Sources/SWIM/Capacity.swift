/// What an `Instance` holds and takes at most.
enum Capacity {
    /// Members, this node and the dead ones that are still listed included.
    static let members = 1_000
    /// Bytes of a member's name: a Kubernetes name's (RFC 1123 subdomain).
    static let nameBytes = 253
    /// A member reaches no such incarnation by itself: once a second would take it 68 years.
    static let incarnation: UInt32 = 1 << 31
    /// Bytes of a broadcast: it fits a datagram, and most often one with a ping in it.
    static let broadcastBytes = 1_024
    /// Broadcasts of those above that wait to be gossiped; beyond, the one that was sent most often goes.
    static let broadcasts = 128
    /// Broadcasts that are remembered so as not to be told twice.
    static let broadcastsHeard = 512
    /// Pings under way in the stead of others.
    static let relays = 256
    /// Exchanges by TCP under way that this node has begun.
    static let exchanges = 8
    /// Addresses to join.
    static let seeds = 1_000
    /// Dead members that are waited for, and of them those that are pinged each probe interval.
    static let lost = 64
    static let lostPings = 8
    /// Members that are told directly that this node is one of them; the others hear it by gossip.
    static let introductions = 32
    /// Addresses that this node had before.
    static let formerAddresses = 8
}
