import Balancer
import EventLoop
import Heartbeat
import KubeWatch
import NetLink
import SWIM
import System
import Wire

/// The gossip between the nodes, as this daemon takes part in it: gives it its secrets, the address to tell the others, and
/// the places to look for them.
final class Gossip {
    /// How long the secret may take to be known until that is told.
    private static let patience = Duration.seconds(30)
    /// How often it is looked whether the default route leads elsewhere, and whether something could not be read.
    private static let lookPeriod = Duration.seconds(10)
    /// For so long must all that comes have been readable until that is told.
    private static let calm = Duration.seconds(60)
    /// Longer than from beat to beat, so that a node that beats reads the others' beats when it is awake for its own.
    private static let networkRest = Heartbeat.Timing().interval.scaled(5, over: 4)

    /// Told the messages of other members that are no gossip.
    var onDirect: ([UInt8], SocketAddress, Duration) -> Void = { _, _, _ in }

    private let settings: Configuration.Gossip
    /// Of the addresses that can be reached from where this node listens.
    private let families: [AddressFamily]
    private let node: String
    private let secretName: ObjectKey
    private let loop: Loop
    private let report: Report
    private let save: ([UInt8]) -> Void
    private let deliver: (SWIM.Report) -> Void
    private let startedAt: Instant
    private var timer: EventLoop.Timer?

    private var secrets: SecretRotation
    private var book: PeerBook
    private var kept: KeptGossip
    private var links: [Link] = []
    /// The InternalIPs of this node's Node; before they are known, what the others were told before the boot.
    private var nodeAddresses: [IPAddress]
    private var transport: SWIM.Transport?
    /// What the others are told; nil while this host has no address.
    private var address: IPAddress?
    private var seeds: [SocketAddress] = []
    /// What this node says about itself.
    private var metadata: [UInt8] = []
    /// What this node knows of who answers for what.
    private var userState: [UInt8] = []
    /// The interfaces to beat by.
    private var beating: Set<UInt32> = []
    /// Those by which each member is sent its own, and not all at once.
    private var addressing: Set<UInt32> = []
    private var unreadableCount: UInt64 = 0
    private var unreadableAt = Instant.zero

    /// The gossip that `configuration` describes, with what was `kept` of it over a boot; what it learns goes to `deliver`,
    /// what is to be kept to `save`.
    ///
    /// - Throws: `Errno` where the loop takes no timer.
    init(
        _ configuration: Configuration, kept: KeptGossip, loop: Loop, report: Report,
        save: @escaping ([UInt8]) -> Void, deliver: @escaping (SWIM.Report) -> Void
    ) throws(Errno) {
        settings = configuration.gossip
        node = configuration.node
        secretName = configuration.kubernetes.gossipSecret
        self.loop = loop
        self.report = report
        self.save = save
        self.deliver = deliver
        self.kept = kept
        nodeAddresses = kept.address.map { [$0] } ?? []
        startedAt = loop.now
        // What a file says is not kept: it is there after a boot as well.
        secrets = SecretRotation(kept: settings.takesClusterSecret ? kept.secrets : [], at: loop.now)
        families =
            settings.bind.family == .ipv6 && settings.bind.rawValue == 0 ? [.ipv4, .ipv6] : [settings.bind.family]
        book = PeerBook(
            configured: settings.join, port: settings.port, families: families, remembered: kept.peers)
        timer = try loop.timer { [unowned self] in look() }
        look()
    }

    // MARK: What the files, the cluster and the interfaces tell

    /// Reads the secret's file, where one is set.
    func readSecretFile() {
        guard settings.isEncrypted, let path = settings.secretFile else { return }
        do throws(Errno) {
            var secret = try File.read(path, limit: SecretRotation.maximumLength)
            while let last = secret.last, [UInt8(ascii: "\n"), UInt8(ascii: "\r")].contains(last) {
                secret.removeLast()
            }
            guard !secret.isEmpty else { return report.problem(.gossipSecret, "\(path) is empty: no gossip with that") }
            take(secret)
        } catch {
            report.problem(.gossipSecret, "\(error): the secret of the gossip stays as it was")
        }
    }

    /// Takes what the API server tells of the Nodes and the Secret.
    func take(_ change: Change) {
        switch change {
        case .upserted(.node(let object)) where object.metadata.key.name == node:
            nodeAddresses = object.internalAddresses
            updateAddress()
        case .upserted(.node(let object)):
            book.update(node: object.metadata.key.name, object.internalAddresses)
            join()
        case .deleted(.node, let key):
            book.update(node: key.name, nil)
            join()
        case .upserted(.secret(let secret)):
            guard let bytes = secret.secretKey, !bytes.isEmpty, bytes.count <= SecretRotation.maximumLength else {
                let problem =
                    "the Secret \(secretName) has no key \"secretkey\": the secret of the gossip stays as it was"
                return report.problem(.gossipSecret, problem)
            }
            take(bytes)
        default:
            break
        }
    }

    private func take(_ secret: [UInt8]) {
        secrets.take(secret, at: loop.now)
        report.problem(.gossipSecret, nil)
        look()
    }

    /// Takes the interfaces as they are now.
    func linksChanged(_ fresh: [Link]) {
        links = fresh
        updateNetworks()
        updateAddress()
    }

    // MARK: What the Balancer asks for

    /// Hands an event to the group.
    func handle(_ event: SWIM.Event) {
        if case .metadata(let bytes) = event { metadata = bytes }
        if case .userState(let bytes) = event { userState = bytes }
        guard let transport else {
            if event == .leave { deliver(.hasLeft) }
            return
        }
        transport.handle(event)
    }

    /// Sends a beat, or what belongs to one.
    func post(_ bytes: [UInt8], to audience: Heartbeat.Directive.Audience) {
        switch audience {
        case .member(let name):
            if let address = book.address(of: name) { transport?.sendDirectly(bytes, to: address) }
        case .network:
            transport?.sendToNetwork(bytes, by: beating.subtracting(addressing))
            guard !beating.isDisjoint(with: addressing) else { return }
            for address in book.addressesToBeat(at: loop.now) { transport?.sendDirectly(bytes, to: address) }
        }
    }

    /// The daemon of the node `name` has sent something directly from `address`: there it can be answered, though the gossip
    /// may not know it yet.
    func note(_ name: String, at address: SocketAddress) {
        if book.hear(name, at: address) { join() }
    }

    /// Sends a direct message to other daemons.
    func post(_ bytes: [UInt8], to recipient: Recipient) {
        switch recipient {
        case .group:
            for address in book.addressesOfOurs { transport?.sendDirectly(bytes, to: address) }
        case .member(let name):
            if let address = book.address(of: name) { transport?.sendDirectly(bytes, to: address) }
        }
    }

    /// Beats by these interfaces from now on.
    func beat(on interfaces: [UInt32]) {
        beating = Set(interfaces)
    }

    /// Takes what waits in the sockets.
    func receiveAll() {
        transport?.receiveAll()
    }

    private func updateNetworks() {
        let usable = links.filter { !$0.isExcluded && $0.interface.isUp && $0.interface.canBroadcast }
            .filter { !$0.interface.isLoopback && $0.interface.masterIndex == nil && !$0.interface.addresses.isEmpty }
        addressing = Set(usable.filter { !$0.carriesGroups || families != [.ipv4] }.map(\.interface.index))
        transport?.hear(on: Set(usable.map(\.interface.index)))
    }

    // MARK: Taking part

    /// Does what is due.
    private func look() {
        secrets.advance(to: loop.now)
        updateAddress()
        if mayGossip { transport?.use(secrets.current, accepting: secrets.others) }
        keep()
        if transport == nil, startedAt.advanced(by: Self.patience) <= loop.now { tellWhatIsMissing() }
        tellUnreadable()
        timer?.arm(at: min(secrets.nextDeadline ?? .init(nanoseconds: .max), loop.now.advanced(by: Self.lookPeriod)))
    }

    private func updateAddress() {
        guard let fresh = addressToTell, fresh != address || transport == nil else { return }
        address = fresh
        let there = SocketAddress(fresh, port: settings.port)
        if let transport { return transport.handle(.address(there)) }
        // Without the interfaces it is not known which address is this host's.
        guard mayGossip, !links.isEmpty else { return }
        do throws(Errno) {
            let transport = try SWIM.Transport(
                loop: loop, name: node, address: there, listeningAt: SocketAddress(settings.bind, port: settings.port),
                secret: secrets.current, accepting: secrets.others, networkRest: Self.networkRest,
                // A node that beats is awake so often.
                timerSlack: Heartbeat.Timing().interval)
            self.transport = transport
            if !metadata.isEmpty { transport.handle(.metadata(metadata)) }
            transport.handle(.userState(userState))
            transport.onDirect = { [unowned self] bytes, source, age in onDirect(bytes, source, age) }
            updateNetworks()
            transport.onReport = { [unowned self] report in learn(report) }
            transport.onTrouble = { [report] error in
                report.problem(.gossipPort, error.map { "\($0): no gossip; trying again" })
            }
            transport.open()
            join()
        } catch {
            report.problem(.gossipPort, "\(error): no gossip")
        }
    }

    /// Whether the secret is known, if there is to be one.
    private var mayGossip: Bool { secrets.current != nil || !settings.isEncrypted }

    /// Where this node listens, as the others are told.
    private var addressToTell: IPAddress? {
        let bind = settings.bind
        guard bind.rawValue == 0 else { return bind }
        let own = ownAddresses
        if let known = nodeAddresses.first(where: { families.contains($0.family) && own.contains($0) }) { return known }
        for family in families {
            if let address = try? SourceAddress.byDefaultRoute(family) { return address }
        }
        let usable = links.filter { $0.interface.isUp && !$0.isExcluded && !$0.interface.isLoopback }
        return usable.flatMap(\.interface.addresses).map(\.address).first { families.contains($0.family) }
    }

    private var ownAddresses: Set<IPAddress> {
        Set(links.flatMap(\.interface.addresses).map(\.address))
    }

    private func learn(_ report: SWIM.Report) {
        switch report {
        case .changed(let member) where member.name != node: book.update(member, at: loop.now)
        case .forgotten(let name): book.forget(name)
        default: break
        }
        join()
        keep()
        deliver(report)
    }

    private func join() {
        guard let transport else { return }
        let fresh = book.seeds(own: ownAddresses)
        guard fresh != seeds else { return }
        seeds = fresh
        transport.handle(.join(fresh))
    }

    private func keep() {
        let fresh = KeptGossip(
            secrets: settings.takesClusterSecret ? secrets.kept : [], peers: book.remembered,
            address: address ?? kept.address)
        guard fresh != kept else { return }
        kept = fresh
        save(fresh.encoded)
    }

    // MARK: What people are shown

    /// What has been counted; nil while there is no gossip.
    var traffic: NodeStatus.GossipTraffic? {
        transport.map { transport in
            NodeStatus.GossipTraffic(
                received: transport.counters.received, sent: transport.counters.sent,
                undecryptable: transport.counters.undecryptable, malformed: transport.counters.malformed)
        }
    }

    private func tellWhatIsMissing() {
        if !mayGossip, report.problems[.gossipSecret] == nil {
            let problem =
                "no gossip: the Secret \(secretName) has not been read; the node that leads makes it if need be"
            report.problem(.gossipSecret, problem)
        }
        if address == nil {
            let kind = families.count == 1 && families[0] == .ipv4 ? "IPv4 address" : "address"
            report.problem(
                .gossipPort, "no gossip: this host has no \(kind) to tell the others; see the key `bind` in lbd.yaml")
        }
    }

    private func tellUnreadable() {
        guard let transport else { return }
        let count = transport.counters.undecryptable
        guard count > unreadableCount else {
            if unreadableAt.advanced(by: Self.calm) <= loop.now { report.problem(.gossipUnreadable, nil) }
            return
        }
        unreadableCount = count
        unreadableAt = loop.now
        // Not one line for each that sends so.
        guard report.problems[.gossipUnreadable] == nil, let source = transport.lastRefused else { return }
        report.problem(
            .gossipUnreadable,
            settings.isEncrypted
                ? "the gossip from \(source.address) cannot be read: it is not encrypted, or with another secret than here"
                : "the gossip from \(source.address) cannot be read: it is encrypted, and here `gossip.encrypted` is false"
        )
    }
}

extension Link {
    /// Whether what goes to a group on it reaches all: by radio it comes late and is often lost, and the group has an address
    /// of IPv4.
    fileprivate var carriesGroups: Bool {
        !isWireless && interface.addresses.contains { $0.address.family == .ipv4 }
    }
}
