import BGP
import Balancer
import EventLoop
import System
import Wire

/// The BGP sessions of this node: has those that the Balancer wants, and tells their peers what it says.
final class Peers {
    private let loop: Loop
    private let report: Report
    /// Whether a daemon has ended a moment ago whose routes the peers may have kept: of no account once they are told anew.
    private var isRestart: Bool
    private let deliver: (PeeringReport) -> Void
    /// In the order of the configuration.
    private var peerings: [Peering] = []
    private var transports: [Peering: BGP.Transport] = [:]
    /// Those that watch the way to a peer.
    private var watches: [Peering: BFDTransport] = [:]
    private let singleHop: BFDPort
    private let multihop: BFDPort
    /// Where routers connect to; nil where they are not to.
    private let listener: BGP.Listener?
    /// Those that are not wanted any more, until their peers have heard so.
    private var leaving: [BGP.Transport] = []
    /// What the peers are to know; nil until that is known.
    private var routes: [Prefix: BGP.Path]?
    private var isEnding = false
    /// What cannot begin before the handler that runs now has returned: a Transport does not end within its own call.
    private var ended: [ObjectIdentifier] = []
    private var sweeper: Deferred?

    /// No sessions yet. Routers may connect to `address`. What the sessions meet goes to `deliver`.
    ///
    /// - Throws: `Errno` where the loop takes no more sources.
    init(
        loop: Loop, listenAt address: SocketAddress?, report: Report, isRestart: Bool,
        deliver: @escaping (PeeringReport) -> Void
    ) throws(Errno) {
        self.loop = loop
        self.report = report
        self.isRestart = isRestart
        self.deliver = deliver
        singleHop = try BFDPort(BFD.singleHopPort, loop: loop)
        multihop = try BFDPort(BFD.multihopPort, loop: loop)
        if let address { listener = try BGP.Listener(at: address, loop: loop) } else { listener = nil }
        listener?.onTrouble = { report.problem(.bgpPort, $0.map { "\($0): no router can connect; trying again" }) }
        for port in [singleHop, multihop] {
            port.onTrouble = { report.problem(.bfdPort, $0.map { "\($0): no BFD; trying again" }) }
        }
        sweeper = try loop.deferred { [unowned self] in sweep() }
    }

    /// Does what the Balancer asks for.
    func handle(_ speaking: Speaking) {
        switch speaking {
        case .with(let fresh): speak(with: fresh)
        case .routes(let all):
            routes = all
            isRestart = false
            for transport in transports.values { transport.handle(.wanted(all)) }
        case .change(let changes):
            for (prefix, path) in changes { routes?[prefix] = path }
            for transport in transports.values { transport.handle(.amended(changes)) }
        case .end(let text):
            isEnding = true
            end(peerings, .shutdown(text: text))
            sweeper?.schedule()
        case .pause: end(peerings, .restart)
        }
    }

    private func speak(with fresh: [Peering]) {
        let places = Set(fresh.map(\.peer.place))
        for old in peerings where !fresh.contains(old) {
            end([old], places.contains(old.peer.place) ? .reconfigured : .deconfigured)
        }
        peerings = fresh
        if listener == nil {
            let passive = fresh.first { $0.peer.isPassive }?.peer.address
            report.problem(
                .bgpPort, passive.map { "\($0) is to connect (passive), and bgp.listen in lbd.yaml names no address" })
        }
        for peering in fresh where transports[peering] == nil { begin(peering) }
    }

    private func begin(_ peering: Peering) {
        do throws(Errno) {
            let transport = try BGP.Transport(settings(of: peering), peering.peer.way, loop: loop)
            transport.onReport = { [unowned self, unowned transport] report in take(report, of: peering, transport) }
            transports[peering] = transport
            if let routes { transport.handle(.wanted(routes)) }
            transport.handle(.start)
            expect(peering.peer, transport)
            if let settings = peering.peer.bfd { try watch(peering, settings) }
        } catch {
            deliver(.session(peering, .failed(.unreachable("\(error)"))))
        }
    }

    /// Lets the router connect.
    private func expect(_ peer: Peer, _ transport: BGP.Transport) {
        listener?.expect(peer.address, key: peer.way.key, for: transport) {
            [unowned transport] (socket: consuming TCPSocket) in transport.accept(socket)
        }
    }

    private func watch(_ peering: Peering, _ settings: BFD.Settings) throws(Errno) {
        let peer = peering.peer
        let port = settings.minimumHopLimit == .max ? singleHop : multihop
        let watch = try BFDTransport(settings, with: peer.address, from: peer.sourceAddress, over: port, loop: loop)
        watch.onReport = { [unowned self] report in
            if case .down = report { transports[peering]?.handle(.bfdDown) }
        }
        watches[peering] = watch
        watch.handle(.start)
    }

    private func settings(of peering: Peering) -> BGP.Settings {
        let peer = peering.peer
        return BGP.Settings(
            localASN: peer.localASN, peerASN: peer.peerASN, routerID: peering.routerID,
            holdTimeSeconds: peer.holdTimeSeconds, ipv4NextHop: peering.ipv4NextHop, ipv6NextHop: peering.ipv6NextHop,
            isPassive: peer.isPassive, restart: peer.restart, isRestart: isRestart)
    }

    private func end(_ old: [Peering], _ stop: Stop) {
        for peering in old {
            guard let transport = transports.removeValue(forKey: peering) else { continue }
            leaving.append(transport)
            listener?.ignore(peering.peer.address, for: transport)
            // First, so that the peer does not take the end of it for a loss.
            watches.removeValue(forKey: peering)?.handle(.stop)
            transport.handle(.stop(stop))
        }
    }

    private func take(_ report: BGP.Report, of peering: Peering, _ transport: BGP.Transport) {
        guard report == .ended else { return deliver(.session(peering, report)) }
        ended.append(ObjectIdentifier(transport))
        sweeper?.schedule()
    }

    /// Lets go of those that have ended.
    private func sweep() {
        leaving.removeAll { ended.contains(ObjectIdentifier($0)) }
        ended = []
        guard isEnding, leaving.isEmpty, transports.isEmpty else { return }
        isEnding = false
        deliver(.ended)
    }

    // MARK: What people are shown

    /// How the sessions stand, in the order of the configuration.
    var statuses: [NodeStatus.Peer] {
        peerings.compactMap { peering in
            transports[peering].map {
                NodeStatus.Peer(peering.peer, $0.session, bfd: watches[peering]?.session.state, at: loop.now)
            }
        }
    }
}

extension Peer {
    /// Where it listens: what tells it apart from others for people.
    fileprivate var place: SocketAddress { SocketAddress(address, port: port) }

    /// How it is reached.
    fileprivate var way: Way { Way(to: place, from: sourceAddress, key: Array(password.utf8), hops: securityHops) }
}

extension NodeStatus.Peer {
    /// How `session`, which is that with `peer`, stands at `now`.
    fileprivate init(_ peer: Balancer.Peer, _ session: BGP.Session, bfd: BFD.State?, at now: Instant) {
        address = peer.address.description
        port = Int(peer.port)
        asn = Int(peer.peerASN)
        state = session.state.description
        seconds = Int(session.since.duration(to: now).components.seconds)
        announced = session.announcedCount
        wanted = session.wantedCount
        received = session.counters.routesReceived
        capabilities = session.negotiation?.capabilities.map(\.description) ?? []
        self.bfd = bfd?.description
        lastError = session.lastCause?.description
    }
}
