public import ARP
public import Heartbeat
public import KubeWatch
public import NetLink
public import SWIM
public import Wire

/// Where a pools configuration came from.
public enum PoolsSource: Hashable, Sendable {
    /// `pools.yaml` on this node.
    case file
    /// The cluster's ConfigMap: its metadata, and the text of its `config` key as it stands.
    case configMap(ObjectMeta, text: String)
}

/// A network interface, judged by the settings `interfaces.include` and `interfaces.exclude`.
public struct Link: Hashable, Sendable {
    /// The interface as the kernel describes it.
    public var interface: Interface
    /// A pattern of `interfaces.include` names it.
    public var isNamed: Bool
    /// A pattern of `interfaces.exclude` matches it, or `interfaces.include` is set and does not name it.
    public var isExcluded: Bool
    /// It is a radio.
    public var isWireless: Bool

    /// A judged interface.
    public init(_ interface: Interface, isNamed: Bool = false, isExcluded: Bool = false, isWireless: Bool = false) {
        self.interface = interface
        self.isNamed = isNamed
        self.isExcluded = isExcluded
        self.isWireless = isWireless
    }
}

/// Names a write between the directive that asks for it and the event that tells its outcome.
public struct WriteID: Hashable, Comparable, Sendable {
    /// Counted up from 1.
    public let rawValue: UInt64

    /// The write with this number.
    public init(_ rawValue: UInt64) {
        self.rawValue = rawValue
    }

    /// Whether `left` comes before `right`.
    public static func < (left: WriteID, right: WriteID) -> Bool {
        left.rawValue < right.rawValue
    }
}

/// What the Balancer keeps over a restart of the daemon. Losing it costs at most one repeated Kubernetes Event a Service, and
/// addresses that nobody answers for where all daemons start while the API server is away.
public struct Saved: Hashable, Sendable {
    /// The Services that this node announced last: uid to addresses, ascending as text.
    public var announced: [String: [String]]
    /// The addresses that this node could answer for by what it knew last, and their Services, ascending.
    public var remembered: [IPAddress: [ObjectKey]]

    /// What is kept. Of too many addresses, so many as can be.
    public init(announced: [String: [String]] = [:], remembered: [IPAddress: [ObjectKey]] = [:]) {
        self.announced = announced
        let kept = remembered.keys.sorted().prefix(Recollection.addressLimit)
        self.remembered = Dictionary(uniqueKeysWithValues: kept.map { ($0, remembered[$0] ?? []) })
    }
}

/// What happens to the Balancer.
public enum Event: Hashable, Sendable {
    /// The daemon has started; the first event. `saved` is nil where the state folder had nothing, `inheritance` where no
    /// daemon ended since the boot to be followed by this one.
    case started(saved: Saved?, inheritance: Inheritance?)
    /// A pools configuration was read and is valid in itself.
    case pools(Pools, from: PoolsSource)
    /// A pools configuration was read and is not valid; `problem` is its first error, `FILE:LINE:COLUMN: error: …`.
    case poolsRefused(problem: String, from: PoolsSource)
    /// The cluster changed. A ConfigMap that is there comes as `pools` or `poolsRefused`, never as `upserted`.
    case change(Change)
    /// A write ended.
    case wrote(WriteID, Outcome)
    /// The gossip has learnt something.
    case gossip(SWIM.Report)
    /// The beats on the network show something.
    case heartbeat(Heartbeat.Report)
    /// The gateways that `Directive.findGateways` asked for; none where the routing tables have none.
    case gateways([Gateway])
    /// What has come of a question.
    case asked(ARP.Resolver.Report)
    /// Who has made a station, where that is known: told before what that station has sent.
    case vendor(MACAddress, String)
    /// What has come of a probe.
    case probed(ARP.Prober.Report)
    /// Another daemon has sent this by `Directive.post`.
    case posted([UInt8])
    /// BGP tells of its sessions.
    case peering(PeeringReport)
    /// All network interfaces, at start and after each change of one.
    case links([Link])
    /// The instant asked for by the last `Directive.wake` has come; also harmless at any other time.
    case timer
    /// SIGTERM: hand over and end.
    case stop
    /// SIGUSR1: end at once and keep everything for the daemon that follows.
    case restart
}
