public import ARP
public import Heartbeat
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

/// Who is to get a direct message.
public enum Recipient: Hashable, Sendable {
    /// All daemons of ours that the gossip reaches, each by itself.
    case group
    /// The one on the node of this name, if it is known where that is.
    case member(String)
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
    /// Hand this to what beats on the network.
    case heartbeat(Heartbeat.Event)
    /// Send these bytes to other daemons as a message of the gossip's port; there they come as `Event.posted`.
    case post([UInt8], to: Recipient)
    /// Beat by the interfaces with these indices, ascending, from now on: there this node answers for addresses.
    case beat(on: [UInt32])
    /// Answer for an address from now on, and announce it.
    case take(Claim)
    /// Answer for what was taken, or keep silent for now: this daemon was away and does not know who else answers.
    case answer(Bool)
    /// Tell the gateways on the interfaces with these indices, ascending, at once by `Event.gateways`.
    case findGateways(on: [UInt32])
    /// Ask by ARP or NDP who has an address, and tell by `Event.asked`.
    case ask(ARP.Question)
    /// Find out whether another host has an address, and tell by `Event.probed`.
    case probe(ARP.Probe)
    /// Tell by `Event.probed` of everybody who says on the interfaces with these indices, ascending, that he has an address of the
    /// pools, or is about to take one; replaces what was told before.
    case watch(on: [UInt32])
    /// Announce a claim once, at once: another host says that the address is his.
    case defend(Claim)
    /// Announce all claims anew: another node may have been believed to have them.
    case announceAll
    /// Answer now what was asked before now. Whoever takes an address over hears only what is asked after that.
    case answerWaiting
    /// Do not answer for an address any more.
    case release(Claim)
    /// Hand this to BGP.
    case speak(Speaking)
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
