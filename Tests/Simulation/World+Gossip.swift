import ARP
import Heartbeat
import KubeWatch
import SWIM
import Wire

@testable import Balancer
@testable import lbd

/// A connection between two members of the group: who has begun it, under which number of its own, and what it is told where
/// nothing comes back.
struct GossipStream {
    var from: Int
    var process: Int
    var to: Int
    var id: Int
    var failure: SWIM.Event
}

/// The gossip between the daemons: datagrams and connections between their ports, and the direct messages, which travel in
/// the same datagrams. See the Shell's Gossip and SWIM's Transport.
extension World {
    /// What a connection may take, and a lost segment costs.
    private static let streamTime = Duration.seconds(10)
    private static let retransmission = Duration.milliseconds(200)

    // MARK: What the Shell does

    mutating func linksChanged(of daemon: Daemon) {
        let hardwareAddress = daemon.isLinkUp ? daemon.hardwareAddress : nil
        respond(to: .interface(Daemon.interfaceIndex, hardwareAddress), by: daemon)
        let station = hardwareAddress.map { mac in
            ARP.Resolver.Station(mac, addresses: daemon.links[0].interface.addresses)
        }
        resolve(.interfaces(station.map { [Daemon.interfaceIndex: $0] } ?? [:]), by: daemon)
        probe(.interfaces(hardwareAddress.map { [Daemon.interfaceIndex: $0] } ?? [:]), by: daemon)
        guard daemon.gossip == nil else { return }
        daemon.book = PeerBook(
            configured: [], port: Daemon.port, families: [.ipv4], remembered: daemon.remembered)
        daemon.gossip = SWIM.Instance(
            name: daemon.name, address: daemon.gossipAddress, metadata: Member.mark,
            timing: .lan, faults: scenario.planted.gossip)
        if !daemon.metadata.isEmpty { gossip(.metadata(daemon.metadata), by: daemon) }
        gossip(.userState(daemon.userState), by: daemon)
        gossip(.started, by: daemon)
        join(daemon)
    }

    /// Looks for members where the cluster's nodes are.
    mutating func take(_ change: Change, of daemon: Daemon) {
        switch change {
        case .upserted(.node(let node)) where node.metadata.key.name != daemon.name:
            daemon.book.update(node: node.metadata.key.name, node.internalAddresses)
            join(daemon)
        case .deleted(.node, let key):
            daemon.book.update(node: key.name, nil)
            join(daemon)
        default:
            break
        }
    }

    private mutating func join(_ daemon: Daemon) {
        guard daemon.gossip != nil else { return }
        let fresh = daemon.book.seeds(own: [daemon.address])
        guard fresh != daemon.seeds else { return }
        daemon.seeds = fresh
        gossip(.join(fresh), by: daemon)
    }

    /// Takes what the Balancer has for the group.
    mutating func handOver(_ event: SWIM.Event, to daemon: Daemon) {
        if case .metadata(let bytes) = event { daemon.metadata = bytes }
        if case .userState(let bytes) = event { daemon.userState = bytes }
        guard daemon.gossip != nil else {
            if event == .leave { deliver(.gossip(.hasLeft), to: daemon) }
            return
        }
        gossip(event, by: daemon)
    }

    private mutating func learn(_ report: SWIM.Report, by daemon: Daemon) {
        switch report {
        case .changed(let member) where member.name != daemon.name: daemon.book.update(member, at: now)
        case .forgotten(let name): daemon.book.forget(name)
        default: break
        }
        join(daemon)
        daemon.remembered = daemon.book.remembered
        deliver(.gossip(report), to: daemon)
    }

    // MARK: The Instance

    mutating func gossip(_ event: SWIM.Event, by daemon: Daemon) {
        daemon.gossipEvents.append(event)
        while let event = daemon.gossipEvents.begin() {
            let directives = daemon.gossip?.handle(event, at: now, using: &rng) ?? []
            mix(UInt64(daemon.index) << 40 | UInt64(directives.count))
            for directive in directives { carryOut(directive, of: daemon) }
            daemon.gossipEvents.end()
        }
    }

    private mutating func carryOut(_ directive: SWIM.Directive, of daemon: Daemon) {
        switch directive {
        case .send(let messages, to: let address):
            if let index = index(of: address) { send(messages, from: daemon, to: index) }
        case .exchange(let state, with: let address, id: let id):
            let event = { SWIM.Event.pushed(state, id: $0, from: daemon.gossipAddress) }
            begin(event, to: address, by: daemon, id: id, failure: .pulled(nil, id: id))
        case .pingByStream(let ping, to: let address, id: let id, until: let deadline):
            let failure = SWIM.Event.streamAnswered(isAnswered: false, id: id)
            begin({ .pinged(ping, id: $0) }, to: address, by: daemon, id: id, failure: failure, until: deadline)
        case .answer(let state, id: let stream):
            if let id = streams[stream]?.id { send(.pulled(state, id: id), on: stream, isRequest: false) }
        case .acknowledge(_, id: let stream):
            if let id = streams[stream]?.id {
                send(.streamAnswered(isAnswered: true, id: id), on: stream, isRequest: false)
            }
        case .wake(at: let instant): wake(.gossip, of: daemon, at: instant)
        case .report(let report): learn(report, by: daemon)
        }
    }

    private func index(of address: SocketAddress) -> Int? {
        daemons.firstIndex { $0.address == address.address }
    }

    // MARK: Datagrams

    mutating func send(_ messages: [SWIM.Message], from daemon: Daemon, to index: Int) {
        traffic?.note(messages, from: daemon.index)
        let isCarried = gossipPlane.carries(from: daemon.index, to: index, at: now)
        guard isCarried, hasGossipCable(daemon.index), !isLost(gossipPlane) else { return }
        for _ in 0..<(chance(weather.duplicationPercent) ? 2 : 1) {
            schedule.add(.datagram(index, messages, from: daemon.index, at: now), at: now.advanced(by: delay()))
        }
    }

    /// Whether the node's cable for the gossip is plugged in.
    func hasGossipCable(_ index: Int) -> Bool { !weather.isOneCable || daemons[index].isLinkUp }

    /// Whether a packet is lost.
    mutating func isLost(_ plane: Plane) -> Bool {
        let percent = plane.stormUntil > now ? 40 : isPeaceful ? min(weather.lossPercent, 5) : weather.lossPercent
        return percent > 0 && Int.random(in: 0..<100, using: &rng) < percent
    }

    /// How long a packet takes.
    mutating func delay() -> Duration {
        let time = weather.delay + duration(within: weather.jitter)
        return chance(weather.stragglerPercent) ? time + duration(within: weather.lateness) : time
    }

    /// A datagram has come to the port.
    mutating func receive(_ datagram: Daemon.Datagram, at daemon: Daemon) {
        guard daemon.gossip != nil, hasGossipCable(daemon.index) else { return }
        daemon.queue(datagram)
        if daemon.frozenUntil == nil { readSocket(of: daemon) }
    }

    /// Takes what waits at the port.
    mutating func readSocket(of daemon: Daemon) {
        for datagram in daemon.emptySocket() where daemon.isAlive { read(datagram, by: daemon) }
    }

    private mutating func read(_ datagram: Daemon.Datagram, by daemon: Daemon) {
        if let backSince = daemon.backSince, backSince <= datagram.sentAt { daemon.backSince = nil }
        var messages: [SWIM.Message] = []
        for message in datagram.messages {
            if case .user(let bytes) = message, let kind = bytes.first, Transport.directKinds.contains(kind) {
                receiveDirectly(bytes, from: datagram.source, by: daemon)
            } else {
                messages.append(message)
            }
        }
        guard !messages.isEmpty || daemon.gossip?.hasMember(at: datagram.source) == false else { return }
        gossip(.received(messages, from: datagram.source), by: daemon)
    }

    // MARK: Direct messages

    /// Sends a direct message of whatever kind to the member `name`.
    mutating func post(_ bytes: [UInt8], from daemon: Daemon, to audience: Heartbeat.Directive.Audience) {
        switch audience {
        case .member(let name):
            guard let index = daemon.book.address(of: name).flatMap({ index(of: $0) }) else { return }
            send([.user(bytes)], from: daemon, to: index)
        case .network where daemon.isByRadio:
            for address in daemon.book.addressesToBeat(at: now).sorted() {
                if let index = index(of: address) { send([.user(bytes)], from: daemon, to: index) }
            }
        case .network:
            multicast([.user(bytes)], from: daemon)
        }
    }

    /// Sends a direct message of the Balancer's.
    mutating func post(_ bytes: [UInt8], from daemon: Daemon, to recipient: Recipient) {
        switch recipient {
        case .member(let name):
            post(bytes, from: daemon, to: Heartbeat.Directive.Audience.member(name))
        case .group:
            for address in daemon.book.addressesOfOurs.sorted() {
                if let index = index(of: address) { send([.user(bytes)], from: daemon, to: index) }
            }
        }
    }

    /// Takes a direct message, whose first byte is its kind.
    private mutating func receiveDirectly(_ bytes: [UInt8], from source: SocketAddress, by daemon: Daemon) {
        if let packet = try? Heartbeat.Packet(bytes) {
            if daemon.book.hear(packet.sender, at: source) { join(daemon) }
            beat(.received(packet), by: daemon)
        } else {
            deliver(.posted(bytes), to: daemon)
        }
    }

    // MARK: Connections

    private mutating func begin(
        _ event: (Int) -> SWIM.Event, to address: SocketAddress, by daemon: Daemon, id: Int, failure: SWIM.Event,
        until deadline: Instant? = nil
    ) {
        lastStream += 1
        let stream = lastStream
        guard let index = index(of: address) else { return }
        streams[stream] = GossipStream(
            from: daemon.index, process: daemon.process, to: index, id: id, failure: failure)
        schedule.add(.streamEnds(stream), at: deadline ?? now.advanced(by: Self.streamTime))
        send(event(stream), on: stream, isRequest: true)
    }

    /// Sends one way: three segments, each of them again where it is lost; where nothing gets through, all of it again after
    /// pauses that double (RFC 6298 section 5).
    mutating func send(
        _ event: SWIM.Event, on stream: Int, isRequest: Bool, pause: Duration = .seconds(1)
    ) {
        guard let connection = streams[stream] else { return }
        let ends = [connection.from, connection.to]
        guard gossipPlane.openSince(between: ends[0], and: ends[1]) <= now, ends.allSatisfy(hasGossipCable) else {
            return schedule.add(
                .resend(stream: stream, event, isRequest: isRequest, pause: pause * 2), at: now.advanced(by: pause))
        }
        traffic?.note(event, from: isRequest ? connection.from : connection.to)
        var time = Duration.zero
        for _ in 0..<3 {
            time += delay()
            while isLost(gossipPlane) { time += Self.retransmission }
        }
        schedule.add(
            isRequest ? .request(stream: stream, event) : .reply(stream: stream, event), at: now.advanced(by: time))
    }

    mutating func request(_ event: SWIM.Event, on stream: Int) {
        guard let connection = streams[stream] else { return }
        // Nobody listens there.
        guard daemons[connection.to].gossip != nil else { return endStream(stream) }
        tell(event, to: daemons[connection.to])
    }

    mutating func reply(_ event: SWIM.Event, on stream: Int) {
        guard let connection = streams.removeValue(forKey: stream) else { return }
        guard daemons[connection.from].process == connection.process else { return }
        tell(event, to: daemons[connection.from])
    }

    mutating func endStream(_ stream: Int) {
        guard let connection = streams[stream] else { return }
        reply(connection.failure, on: stream)
    }

    /// Tells the Instance what has come on a connection.
    mutating func tell(_ event: SWIM.Event, to daemon: Daemon) {
        switch event {
        case .pushed, .pulled(.some, id: _), .pinged: daemon.backSince = nil
        default: break
        }
        guard daemon.frozenUntil == nil else {
            daemon.inbox.append(.gossip(event))
            return
        }
        gossip(event, by: daemon)
    }
}
