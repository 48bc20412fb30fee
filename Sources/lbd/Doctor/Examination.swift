import ARP
import Balancer
import DHCP
import EventLoop
internal import Glibc
import NetLink
import System
import Wire

/// Gathers what the checks of `lbd doctor` look at. What takes time runs at once on one loop, and is over after
/// some ten seconds whatever happens.
final class Examination {
    /// All that asks others is over by then.
    private static let limit = Duration.milliseconds(9_500)
    /// No question to the API server is begun later.
    private static let clusterLimit = Duration.seconds(5)
    /// How long the kernel may take to list the interfaces.
    private static let listingLimit = Duration.seconds(2)
    /// How long the daemon may take for each step of an answer.
    private static let daemonLimitSeconds = 2

    private let configuration: Configuration
    private let loop: Loop
    private let vendors = Vendors()
    private var interfaces: [Interface]?
    private var offers: Surveyor.Result?
    private var alarm: EventLoop.Timer?

    /// An examination of the node that `configuration` describes.
    init(_ configuration: Configuration) throws(Errno) {
        self.configuration = configuration
        loop = try Loop()
        alarm = try loop.timer {}
    }

    /// Looks at everything.
    ///
    /// - Throws: `Errno` where the kernel gives no timer or netlink socket.
    func run() throws(Errno) -> Diagnosis {
        signal(SIGPIPE, SIG_IGN)
        let daemon = askDaemon()
        let status: NodeStatus? = if case .status(let status) = daemon { status } else { nil }
        let source = readPools()
        let links = configuration.interfaces.look(at: try listInterfaces())
        let surroundings = Surroundings(
            node: configuration.node, links: links, others: addresses(of: status), gateways: gateways(links))
        let usable = surroundings.usable

        let surveyor = try Surveyor(loop: loop) { [unowned self] result in offers = result }
        surveyor.start(
            on: Dictionary(
                uniqueKeysWithValues: usable.compactMap { link in
                    link.interface.macAddress.map { (link.interface.index, $0) }
                }))
        let group = Group(status, configuration, usable)
        let contacts = try Contacts(loop: loop)
        contacts.start(group.peers.compactMap(\.address))
        let addresses = Addresses(status, node: configuration.node, usable)
        let inquiry = try Inquiry(loop: loop)
        inquiry.start(addresses.questions, from: addresses.stations)
        let begun = loop.now
        let visit = ClusterVisit(configuration, loop: loop, deadline: begun.advanced(by: Self.clusterLimit))
        try wait(until: begun.advanced(by: Self.limit)) { offers != nil && contacts.isDone && inquiry.isDone }

        let nodeServices = nodeServices(visit, status, links)
        return Diagnosis(
            node: configuration.node,
            findings: DaemonCheck.findings(daemon) + PoolsCheck.findings(source, surroundings)
                + DHCPCheck.findings(
                    offers ?? Surveyor.Result(offers: [], unasked: usable.map(\.interface.index)),
                    names: Dictionary(uniqueKeysWithValues: usable.map { ($0.interface.index, $0.interface.name) }),
                    pools: source.pools, naming: vendors.describe)
                + AnswersCheck.findings(status.map { _ in addresses.evidence(inquiry) }, naming: vendors.describe)
                + KernelCheck.findings(KernelFacts.gather(usable, all: interfaces ?? [], pools: source.pools))
                + WirelessCheck.findings(radios(usable, status))
                + ClusterCheck.findings(visit.way, certificateSecondsLeft: visit.certificateSecondsLeft)
                + PermissionCheck.findings(visit.verdicts, reason: visit.reason)
                + ServiceLBCheck.findings(.init(role: K3s.role(), nodeServices: nodeServices))
                + GossipCheck.findings(
                    group.evidence(contacts), port: configuration.gossip.port, hasDaemon: status != nil)
                + ClockCheck.findings(
                    isSynchronized: WallClock.isSynchronized, differenceSeconds: visit.clockDifferenceSeconds))
    }

    private func askDaemon() -> DaemonCheck.Answer {
        do throws(StatusClient.Failure) {
            return .status(
                try StatusClient.ask(folder: configuration.runtime, timeoutSeconds: Self.daemonLimitSeconds))
        } catch {
            return error.isAbsent
                ? .absent(socket: "\(configuration.runtime)/\(StatusInterface.socketName)")
                : .silent(reason: error.message)
        }
    }

    private func readPools() -> PoolsCheck.Source {
        let path = configuration.pools
        let bytes: [UInt8]
        do throws(Errno) {
            bytes = try File.read(path, limit: YAML.maximumLength + 1)
        } catch {
            guard error.code != ENOENT else {
                return .missing(path: path, configMap: configuration.kubernetes.configMapName)
            }
            return .refused(problem: "\(error)")
        }
        do throws(ConfigurationError) {
            return .pools(try PoolsReader.read(bytes, file: path))
        } catch {
            return .refused(problem: error.diagnostics.first?.description ?? "\(error)")
        }
    }

    private func listInterfaces() throws(Errno) -> [Interface] {
        let monitor = try Monitor(loop: loop) { [unowned self] list in interfaces = list }
        try wait(until: loop.now.advanced(by: Self.listingLimit)) { interfaces != nil }
        return withExtendedLifetime(monitor) { interfaces ?? [] }
    }

    private func gateways(_ links: [Link]) -> [IPAddress] {
        // Without a way out there is none, and nothing more to say.
        ((try? Routes.gateways(on: links.map(\.interface.index))) ?? []).map { .v4($0.address) }
    }

    /// The addresses of the other nodes, by their names.
    private func addresses(of status: NodeStatus?) -> [String: [Prefix]] {
        let members = (status?.members ?? []).filter { $0.name != configuration.node }
        return Dictionary(members.map { ($0.name, $0.addresses.compactMap { Prefix($0) }) }) { $1 }
    }

    private func radios(_ usable: [Link], _ status: NodeStatus?) -> [WirelessCheck.Radio] {
        usable.filter(\.isWireless).map { link in
            let name = link.interface.name
            let count = status?.services.flatMap(\.addresses).count { $0.interfaces.contains(name) }
            return WirelessCheck.Radio(name: name, addressCount: count, savesPower: Wireless.savesPower(name))
        }
    }

    /// The Services that have addresses of nodes, ascending; nil where no Service is known.
    private func nodeServices(_ visit: ClusterVisit, _ status: NodeStatus?, _ links: [Link]) -> [String]? {
        let told = status.map { status in
            Dictionary(
                status.services.map {
                    ("\($0.namespace)/\($0.name)", $0.addresses.compactMap { IPAddress($0.address) })
                }
            ) { $1 }
        }
        guard let ingresses = visit.ingresses ?? told else { return nil }
        let own = links.flatMap(\.interface.addresses).map(\.address)
        let nodes = Set(own + addresses(of: status).values.joined().map(\.address))
        return ingresses.filter { !nodes.isDisjoint(with: $0.value) }.keys.sorted()
    }

    /// Lets the loop turn until `isDone`, or until `deadline`.
    private func wait(until deadline: Instant, _ isDone: () -> Bool) throws(Errno) {
        alarm?.arm(at: deadline)
        while !isDone(), loop.now < deadline { try loop.turn() }
    }
}
