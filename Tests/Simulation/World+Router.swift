import BGP
import KubeWatch
import Wire

@testable import Balancer

/// The sessions between the daemons and the router, as the Shell's Peers and BGP's Transport have them.
extension World {
    /// What happens between them.
    enum Routing {
        /// A daemon's connection is to be made.
        case connects(Int)
        /// What was sent first on a connection, to the router or to the node, is to arrive.
        case carries(Int, toRouter: Bool)
        case timer(Int, generation: Int)
        case start
    }

    private static let retransmission = Duration.milliseconds(200)

    /// The router, as the pools have it.
    static let peer = Peer(localASN: 64_512, peerASN: Router.asn, address: Router.address)

    mutating func happen(_ routing: Routing) {
        switch routing {
        case .start:
            for index in daemons.indices {
                hear(.wanted([:]), at: index)
                hear(.start, at: index)
            }
        case .connects(let number): connect(number)
        case .carries(let number, let isToRouter): carry(number, toRouter: isToRouter)
        case .timer(let index, let generation):
            if router?.neighbors[index].wakeGeneration == generation { hear(.timer, at: index) }
        }
    }

    // MARK: The daemon

    /// Does what the Balancer asks for.
    mutating func speak(_ speaking: Speaking, by daemon: Daemon) {
        switch speaking {
        case .with(let peerings):
            guard let peering = peerings.first, daemon.speaker == nil else { return }
            daemon.peering = peering
            daemon.speaker = BGP.Session(
                BGP.Settings(
                    localASN: peering.peer.localASN, peerASN: peering.peer.peerASN, routerID: peering.routerID,
                    holdTimeSeconds: peering.peer.holdTimeSeconds, restart: peering.peer.restart,
                    isRestart: daemon.hasInherited))
            if let routes = daemon.routes { talk(.wanted(routes), by: daemon) }
            talk(.start, by: daemon)
        case .routes(let routes):
            daemon.routes = routes
            talk(.wanted(routes), by: daemon)
        case .change(let changes):
            for (prefix, path) in changes { daemon.routes?[prefix] = path }
            talk(.amended(changes), by: daemon)
        case .end(let text): talk(.stop(.shutdown(text: text)), by: daemon)
        case .pause: talk(.stop(.restart), by: daemon)
        }
    }

    mutating func talk(_ event: BGP.Event, by daemon: Daemon) {
        guard daemon.frozenUntil == nil else {
            daemon.inbox.append(.routing(event))
            return
        }
        daemon.speakerEvents.append(event)
        while let event = daemon.speakerEvents.begin() {
            for directive in daemon.speaker?.handle(event, at: now, using: &rng) ?? [] {
                carryOut(directive, of: daemon)
            }
            daemon.speakerEvents.end()
        }
    }

    private mutating func carryOut(_ directive: BGP.Directive, of daemon: Daemon) {
        switch directive {
        case .connect(let id):
            lastStream += 1
            routerStreams[lastStream] = RouterStream(node: daemon.index, process: daemon.process, id: id)
            schedule.add(.routing(.connects(lastStream)), at: now.advanced(by: delay()))
        case .send(let bytes, on: let id):
            guard let number = stream(of: daemon, id) else { return }
            send(.bytes(bytes[...]), on: number, toRouter: true)
            daemon.speakerEvents.append(.drained(id))
        case .close(let id):
            guard let number = stream(of: daemon, id) else { return }
            routerStreams[number]?.isClosed = true
            send(.end, on: number, toRouter: true)
        case .wake(at: let instant): wake(.speaker, of: daemon, at: instant)
        case .report(.ended): deliver(.peering(.ended), to: daemon)
        case .report(let report):
            if let peering = daemon.peering { deliver(.peering(.session(peering, report)), to: daemon) }
        case .take, .refuse: break
        }
    }

    private func stream(of daemon: Daemon, _ id: Int) -> Int? {
        routerStreams.first { $1.node == daemon.index && $1.process == daemon.process && $1.id == id }?.key
    }

    /// The daemon's process is gone: its kernel closes what it had open.
    mutating func closeStreams(of daemon: Daemon) {
        for number in routerStreams.keys.sorted() {
            guard let stream = routerStreams[number], stream.node == daemon.index, stream.process == daemon.process,
                !stream.isClosed
            else { continue }
            routerStreams[number]?.isClosed = true
            send(.end, on: number, toRouter: true)
        }
    }

    // MARK: The connections

    private mutating func connect(_ number: Int) {
        guard let stream = routerStreams[number], !stream.isClosed else {
            routerStreams[number] = nil
            return
        }
        let daemon = daemons[stream.node]
        guard isOpen(stream.node) else {
            // The kernel tries again, until the daemon gives it up.
            schedule.add(.routing(.connects(number)), at: now.advanced(by: Self.retransmission))
            return
        }
        let taken = hear(.accepted(localAddress: Router.address), at: stream.node, over: number)
        guard taken else {
            routerStreams[number] = nil
            return talk(.connectFailed(stream.id, "refused"), by: daemon)
        }
        talk(.connected(stream.id, localAddress: daemon.address), by: daemon)
    }

    private func isOpen(_ node: Int) -> Bool {
        let client = daemons.count
        return daemons[node].isLinkUp && lan.carries(from: node, to: client, at: now)
            && lan.carries(from: client, to: node, at: now)
    }

    private mutating func send(_ news: RouterStream.News, on number: Int, toRouter: Bool) {
        guard var stream = routerStreams[number] else { return }
        let isIdle = toRouter ? stream.toRouter.isEmpty : stream.toNode.isEmpty
        if toRouter { stream.toRouter.append(news) } else { stream.toNode.append(news) }
        routerStreams[number] = stream
        guard isIdle else { return }
        schedule.add(.routing(.carries(number, toRouter: toRouter)), at: now.advanced(by: delay()))
    }

    /// Lets what was sent first arrive; what follows it comes after it.
    private mutating func carry(_ number: Int, toRouter: Bool) {
        guard var stream = routerStreams[number] else { return }
        guard isOpen(stream.node), !isLost(lan), stream.routerID != nil else {
            let again = now.advanced(by: Self.retransmission)
            schedule.add(.routing(.carries(number, toRouter: toRouter)), at: again)
            return
        }
        let news = toRouter ? stream.toRouter.removeFirst() : stream.toNode.removeFirst()
        let isMore = toRouter ? !stream.toRouter.isEmpty : !stream.toNode.isEmpty
        routerStreams[number] = stream
        if isMore {
            schedule.add(.routing(.carries(number, toRouter: toRouter)), at: now.advanced(by: delay()))
        }
        if toRouter { arrive(news, atRouterOn: number, stream) } else { arrive(news, atNodeOn: number, stream) }
    }

    private mutating func arrive(_ news: RouterStream.News, atRouterOn number: Int, _ stream: RouterStream) {
        guard let id = stream.routerID else { return }
        switch news {
        case .bytes(let bytes):
            guard !stream.isLeft else { return }
            hear(.received(bytes, on: id), at: stream.node)
            router?.neighbors[stream.node].listen(bytes, on: id)
        case .end:
            routerStreams[number] = nil
            hear(.closed(id, nil), at: stream.node)
        }
    }

    private mutating func arrive(_ news: RouterStream.News, atNodeOn number: Int, _ stream: RouterStream) {
        let daemon = daemons[stream.node]
        guard !stream.isClosed, daemon.process == stream.process, daemon.isAlive else { return }
        switch news {
        case .bytes(let bytes): talk(.received(bytes, on: stream.id), by: daemon)
        case .end:
            routerStreams[number] = nil
            talk(.closed(stream.id, nil), by: daemon)
        }
    }

    // MARK: The router

    /// Tells the router's session with a node; returns whether it has taken the connection `number`.
    @discardableResult
    private mutating func hear(_ event: BGP.Event, at index: Int, over number: Int? = nil) -> Bool {
        var events = [event]
        var isTaken = false
        while !events.isEmpty {
            let event = events.removeFirst()
            for directive in router?.neighbors[index].session.handle(event, at: now, using: &rng) ?? [] {
                switch directive {
                case .take(let id):
                    isTaken = true
                    if let number { routerStreams[number]?.routerID = id }
                case .send(let bytes, on: let id):
                    guard let number = routerStream(index, id) else { continue }
                    send(.bytes(bytes[...]), on: number, toRouter: false)
                    events.append(.drained(id))
                case .close(let id):
                    guard let number = routerStream(index, id) else { continue }
                    routerStreams[number]?.isLeft = true
                    send(.end, on: number, toRouter: false)
                case .wake(at: let instant):
                    router?.neighbors[index].wakeGeneration += 1
                    let generation = router?.neighbors[index].wakeGeneration ?? 0
                    schedule.add(.routing(.timer(index, generation: generation)), at: max(instant, now))
                case .report(let report):
                    Log.line("router: \(daemons[index].name) \(report)", at: now)
                    router?.neighbors[index].note(report, at: now)
                case .connect, .refuse: break
                }
            }
        }
        return isTaken
    }

    private func routerStream(_ index: Int, _ id: Int) -> Int? {
        routerStreams.first { $1.node == index && $1.routerID == id }?.key
    }

    // MARK: What is to be so

    /// After a long peace the router reaches each address by every node that can serve it, and by no other.
    mutating func checkRoutes() {
        guard var router else { return }
        for index in router.neighbors.indices { router.neighbors[index].expire(at: now) }
        let allocated = Set(server.services.values.filter(\.isLoadBalancer).flatMap(\.ingressAddresses))
        for address in allocated.sorted() {
            let holders = server.services.values.filter { $0.ingressAddresses.contains(address) }
            // One that several Services share is to lead to where all of them can be served; where there is no such place, to
            // where any can whose traffic is local.
            let places = holders.map { servingNodes(of: $0) }.filter { !$0.isEmpty }
            let common = places.dropFirst().reduce(places.first ?? []) { $0.intersection($1) }
            let local = holders.filter(\.isTrafficLocal).reduce(into: Set<Int>()) { $0.formUnion(servingNodes(of: $1)) }
            let nodes = (common.isEmpty ? local : common).sorted()
            checker.require(
                router.nodes(for: address) == nodes,
                "\(address) is reached by \(router.nodes(for: address)), and can be by \(nodes)", at: now)
        }
        let known = router.neighbors.flatMap(\.table.keys)
        checker.require(
            known.allSatisfy { prefix in allocated.contains { prefix.range.contains($0) } },
            "the router knows of what no Service has", at: now)
    }

    /// The nodes that can serve a Service's address.
    private func servingNodes(of service: Service) -> Set<Int> {
        let endpoints = (server.slices[service.metadata.key]?.endpoints ?? []).filter(\.isServing)
        guard service.isTrafficLocal else { return endpoints.isEmpty ? [] : Set(daemons.indices) }
        return Set(daemons.indices.filter { index in endpoints.contains { $0.nodeName == daemons[index].name } })
    }
}
