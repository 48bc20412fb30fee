import ARP
import BGP
import Heartbeat
import KubeWatch
import NetLink
import SWIM
import Wire

@testable import Balancer
@testable import lbd

/// One node: its daemon, which is the Balancer, its part in the gossip, its beats and its ARP responder, and what the Shell
/// and the connections of that daemon would know.
final class Daemon {
    /// A write on its way out of the process.
    struct Outgoing {
        var connection: Int
        var id: WriteID
        var write: Write
    }

    /// What comes in from outside.
    enum Input {
        case balancer(Balancer.Event)
        case gossip(SWIM.Event)
        case frame(ArraySlice<UInt8>)
        case routing(BGP.Event)
    }

    /// A datagram that has come to the gossip's port.
    struct Datagram {
        var messages: [SWIM.Message]
        var source: SocketAddress
        var sentAt: Instant
    }

    /// The timers of a daemon, by the parts that they wake.
    enum Clock: Int, CaseIterable {
        case balancer
        case beats
        case gossip
        case responder
        case resolver
        case prober
        case speaker
    }

    /// The port of the gossip.
    static let port: UInt16 = 7946
    /// The interface that clients are on.
    static let interfaceIndex: UInt32 = 2
    /// How many datagrams wait in a socket: a receive buffer of 208 KiB (net.core.rmem_default) of small ones.
    private static let socketLimit = 256

    let name: String
    let index: Int
    var balancer: Balancer.Instance?
    var events = Mailbox<Balancer.Event>()
    /// Whether the Balancer had begun after its last event.
    var hasBegun = false
    /// Counts the processes; what belongs to an earlier one is void.
    var process = 0

    // MARK: The connections to the API server

    /// Counts the connections; a write of an earlier one does not leave any more.
    var connection = 0
    /// The number of each kind's watch; what an earlier one had still to tell is void.
    var streams: [Kind: Int] = [:]
    var openStreams: Set<Kind> = []
    var lastTold: [Kind: Instant] = [:]
    var unreachableUntil = Instant.zero
    /// Writes without an outcome yet.
    var underWay: Set<WriteID> = []
    var unflushed: [Outgoing] = []
    /// The objects that it knows of, as its watches have told.
    var known: [Kind: Set<ObjectKey>] = [:]

    // MARK: The gossip, the beats and the LAN

    /// Its part in the gossip, once it knows its interfaces.
    var gossip: SWIM.Instance?
    var gossipEvents = Mailbox<SWIM.Event>()
    var book = PeerBook(configured: [], port: Daemon.port, families: [.ipv4], remembered: [:])
    var seeds: [SocketAddress] = []
    /// What it says about itself in the gossip.
    var metadata: [UInt8] = []
    /// What it knows of who answers for what, for the group.
    var userState: [UInt8] = []
    /// Whether it answers and announces nothing for now.
    var isMuted = false
    /// Whether something keeps what it answers and announces from the network, without its knowing.
    var isVoiceless = false
    var beats: Heartbeat.Instance?
    var beatEvents = Mailbox<Heartbeat.Event>()
    var isBeating = false
    var isByRadio = false
    /// The port's socket.
    private(set) var socket: [Datagram] = []
    /// Its ARP responder, which refreshes as by default.
    var responder = ARP.Announcer(refreshInterval: .seconds(60))
    var resolver = ARP.Resolver()
    var prober = ARP.Prober()
    /// Its session with the router, once it is to have one, and what it tells there.
    var speaker: BGP.Session?
    var speakerEvents = Mailbox<BGP.Event>()
    var peering: Peering?
    var routes: [Prefix: BGP.Path]?
    /// Whether it has taken over from the process before it.
    var hasInherited = false
    /// What it answers for, and since when.
    var claims: [Claim: Instant] = [:]

    // MARK: The process

    var frozenUntil: Instant?
    /// Since when it was away last, frozen or without its cable; nil where it knew of nobody else, or answered nothing anyway. And
    /// since when it is back, until it has heard something that was sent since.
    var awaySince: Instant?
    var backSince: Instant?
    /// Since when it runs, unless it is frozen.
    var awakeSince = Instant.zero
    /// What waits for a frozen process.
    var inbox: [Input] = []
    var missedTimers: Set<Clock> = []
    var wakeGenerations = Clock.allCases.map { _ in 0 }

    // MARK: What outlives the process

    /// What it keeps on its disk.
    var saved: Saved?
    var remembered: [String: SocketAddress] = [:]
    var filePools: Pools?
    /// What it leaves to the process that follows.
    var inheritance: Inheritance?
    var isLinkUp = true
    var linkUpSince = Instant.zero
    /// What it has been told about its link; nil before.
    var knowsLinkIsUp: Bool?

    init(_ index: Int) {
        self.index = index
        name = "pi\(index + 1)"
    }

    /// The same node without a daemon.
    init(after old: Daemon) {
        index = old.index
        name = old.name
        process = old.process + 1
        saved = old.saved
        remembered = old.remembered
        filePools = old.filePools
        inheritance = old.inheritance
        isByRadio = old.isByRadio
        isLinkUp = old.isLinkUp
        linkUpSince = old.linkUpSince
    }

    var isAlive: Bool { balancer != nil }
    var isAwake: Bool { balancer != nil && frozenUntil == nil }
    var isLeaving: Bool { balancer?.departure != nil }
    var hardwareAddress: MACAddress { MACAddress(rawValue: UInt64(index + 1)) }
    var address: IPAddress { Self.address(of: index) }
    /// Where its gossip listens.
    var gossipAddress: SocketAddress { SocketAddress(address, port: Self.port) }

    static func address(of index: Int) -> IPAddress {
        .v4(IPv4Address(rawValue: 0xC0A8_010B + UInt32(index)))
    }

    var links: [Link] {
        let prefix = Prefix("\(address)/24")
        return [
            Link(
                Interface(
                    index: Self.interfaceIndex, name: "eth0", macAddress: hardwareAddress, isUp: isLinkUp,
                    addresses: prefix.map { [$0] } ?? []))
        ]
    }

    /// Notes what the daemon is told.
    func learn(_ event: Balancer.Event) {
        if case .links(let links) = event { knowsLinkIsUp = links.contains(where: \.interface.isUp) }
        guard let subject = event.subject else { return }
        if subject.isThere {
            known[subject.kind, default: []].insert(subject.key)
        } else {
            known[subject.kind]?.remove(subject.key)
        }
    }

    /// Puts a datagram into the socket, which drops what it has no room for.
    func queue(_ datagram: Datagram) {
        if socket.count < Self.socketLimit { socket.append(datagram) }
    }

    /// Takes what waits in the socket.
    func emptySocket() -> [Datagram] {
        defer { socket = [] }
        return socket
    }

    /// Empties the state folder.
    func forget() {
        saved = nil
        remembered = [:]
    }
}
