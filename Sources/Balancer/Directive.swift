public import KubeWatch
public import SWIM
public import Wire

/// An address to be answered for on an interface.
public struct Claim: Hashable, Comparable, Sendable {
    /// The Service's address.
    public var address: IPAddress
    /// The interface's index.
    public var interfaceIndex: UInt32

    /// The claim to `address` on the interface `interfaceIndex`.
    public init(_ address: IPAddress, on interfaceIndex: UInt32) {
        self.address = address
        self.interfaceIndex = interfaceIndex
    }

    /// Whether `left` comes before `right`.
    public static func < (left: Claim, right: Claim) -> Bool {
        (left.address, left.interfaceIndex) < (right.address, right.interfaceIndex)
    }
}

/// What the Balancer asks of its Shell, to be carried out in order.
public enum Directive: Hashable, Sendable {
    /// Send a write to the API server, once, now; tell its end by `Event.wrote`.
    case write(WriteID, Write)
    /// Make this Secret, which the gossip is encrypted with, of bytes that nobody can guess; tell the end of that by
    /// `Event.wrote` too.
    case createSecret(WriteID, ObjectKey)
    /// Close all connections to the API server before another byte leaves on them: this daemon woke past its deadline.
    /// Writes under way end as `unanswered`; lists and watches start anew.
    case dropConnections(reason: String)
    /// Send `Event.timer` at this instant; replaces the instant asked for before.
    case wake(at: Instant)
    /// Hand this to the gossip.
    case gossip(SWIM.Event)
    /// Answer for an address from now on, and announce it.
    case take(Claim)
    /// Do not answer for an address any more.
    case release(Claim)
    /// The addresses of all pools in force, for the kernel's packet filter, ascending.
    case listen(for: [AddressRange])
    /// Put the ConfigMap's text, now in force, into `pools.yaml`.
    case mirror(text: String)
    /// Write a line to the journal.
    case record(Record)
    /// What `systemctl status` shows.
    case status(String)
    /// Keep this in the state folder.
    case save(Saved)
    /// Leave this to the daemon that follows; `exit` comes next.
    case bequeath(Inheritance)
    /// The hand-over is done, or was not needed: end the process with status 0.
    case exit
}
