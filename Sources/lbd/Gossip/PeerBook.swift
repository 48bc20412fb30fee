import SWIM
import Wire

/// Where members of the group may be: at the addresses that are configured, at those of the cluster's nodes, where they were
/// when they were last seen, and where they are heard.
struct PeerBook {
    /// The most members that are remembered.
    static let maximumRemembered = 64
    /// For so long after its death is beaten for a member of ours, so that it is heard at once where it was only cut off.
    static let lostTime = Duration.seconds(3600)
    /// The most addresses to look at.
    static let maximumSeeds = 512

    private let configured: [SocketAddress]
    private let port: UInt16
    private let families: [AddressFamily]
    /// The cluster's nodes, this one left out, by name.
    private var nodes: [String: [IPAddress]] = [:]
    /// By name, this node left out.
    private var members: [String: Member] = [:]
    /// Where those were heard last, by name, that are no members yet.
    private var heard: [String: SocketAddress] = [:]
    /// Where members of ours were that have died, and until when they are beaten for, by name.
    private var lost: [String: (address: SocketAddress, until: Instant)] = [:]
    /// The members that have been seen, by name.
    private(set) var remembered: [String: SocketAddress]

    /// A book of the members that are `configured` and those `remembered` from before a boot. Nodes listen at `port`; those
    /// of their addresses are of use that are of `families`.
    init(
        configured: [SocketAddress], port: UInt16, families: [AddressFamily], remembered: [String: SocketAddress]
    ) {
        self.configured = configured
        self.port = port
        self.families = families
        self.remembered = remembered
    }

    /// Takes a node of the cluster, with its addresses; nil for one that is gone.
    mutating func update(node name: String, _ addresses: [IPAddress]?) {
        nodes[name] = addresses?.filter { families.contains($0.family) }
    }

    /// Takes a member as the group tells it.
    mutating func update(_ member: Member, at now: Instant) {
        members[member.name] = member
        heard[member.name] = nil
        lost = lost.filter { $0.value.until > now && (member.status == .dead || $0.key != member.name) }
        if member.status == .dead, member.isOurs, lost[member.name] == nil, lost.count < Self.maximumRemembered {
            lost[member.name] = (member.address, now.advanced(by: Self.lostTime))
        }
        guard member.status == .alive, remembered[member.name] != member.address else { return }
        guard remembered[member.name] != nil || remembered.count < Self.maximumRemembered else { return }
        remembered[member.name] = member.address
    }

    /// Takes where a daemon was heard that may be no member yet: it has just begun, or this one has. Returns whether that is
    /// news.
    mutating func hear(_ name: String, at address: SocketAddress) -> Bool {
        guard members[name] == nil, heard[name] != address,
            heard[name] != nil || heard.count < Self.maximumRemembered
        else { return false }
        heard[name] = address
        return true
    }

    /// Where the daemon `name` listens, if it is known.
    func address(of name: String) -> SocketAddress? { members[name]?.address ?? heard[name] }

    /// Where the members of ours listen that can be reached.
    var addressesOfOurs: [SocketAddress] {
        members.values.filter { ($0.status == .alive || $0.status == .suspect) && $0.isOurs }.map(\.address)
    }

    /// Where to send, one by one, what all of ours on a network are to hear: also those that have died lately.
    func addressesToBeat(at now: Instant) -> [SocketAddress] {
        addressesOfOurs + lost.values.filter { $0.until > now }.map(\.address)
    }

    /// The group has forgotten a member, which was dead for long.
    mutating func forget(_ name: String) {
        members[name] = nil
        remembered[name] = nil
    }

    /// Where to look for those that are missing now, ascending. `own` are the addresses of this host.
    func seeds(own: Set<IPAddress>) -> [SocketAddress] {
        // Whoever is there may listen at another address than its Node says.
        let present = Set(members.values.filter { $0.status == .alive }.map(\.name))
        let absent = nodes.filter { !present.contains($0.key) }.flatMap {
            $0.value.map { SocketAddress($0, port: port) }
        }
        let lost = remembered.filter { !present.contains($0.key) }.values
        let known = Set(configured).union(absent).union(lost).union(heard.values).filter {
            !(own.contains($0.address) && $0.port == port)
        }
        return Array(known.sorted().prefix(Self.maximumSeeds))
    }
}

extension Member {
    /// Whether it runs lbd.
    fileprivate var isOurs: Bool { metadata.starts(with: Member.mark) }
}
