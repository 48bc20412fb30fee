import KubeWatch
import Wire

@testable import Balancer

/// What goes wrong, and what people do meanwhile.
extension World {
    mutating func planMischief() {
        guard !isPeaceful else { return }
        plan(.trouble, within: weather.troubleInterval)
        // Leaders are where the harm is, and owners.
        let leader = daemons.firstIndex { $0.balancer?.leadership.holdsLease ?? false }
        let owner = daemons.filter { !$0.claims.isEmpty }.randomElement(using: &rng)?.index
        let anyone = Int.random(in: daemons.indices, using: &rng)
        let index = [leader, owner, anyone].randomElement(using: &rng).flatMap { $0 } ?? anyone
        // Then most of all when writes are on their way.
        if weather.hasChurn, Bool.random(using: &rng) {
            for _ in 0..<4 where server.services.count < 14 { createService() }
        }
        guard let mischief = weather.mischiefs.randomElement(using: &rng) else { return }
        schedule.add(.mischief(mischief, index), at: now.advanced(by: duration(within: .milliseconds(60))))
    }

    mutating func make(_ mischief: Mischief, of index: Int) {
        guard !isPeaceful, daemons[index].isAlive else { return }
        Log.line("\(mischief) of \(daemons[index].name)", at: now)
        switch mischief {
        case .freeze: freeze(index, for: duration(within: .seconds(40)))
        case .freezeBriefly: freeze(index, for: duration(within: .seconds(3)))
        case .stall: freeze(index, for: duration(within: .milliseconds(400)))
        case .crash, .crashWithoutState:
            if mischief == .crashWithoutState { daemons[index].forget() }
            end(index, startsAgainWithin: chance(50) ? .seconds(1) : .seconds(20))
        case .stop: signal(index, .stop)
        case .restart: signal(index, .restart)
        case .cutOff: cutOff([index], for: duration(within: .seconds(25)))
        case .cutOffAll: cutOff(Array(daemons.indices), for: duration(within: .seconds(25)))
        case .drop: dropConnection(of: daemons[index])
        case .unplug:
            schedule.add(.link(index, isUp: false), at: now)
            plan(.link(index, isUp: true), within: .seconds(10))
        case .cutOneWay, .cutGossip, .cutLAN, .isolate, .split, .storm: disturb(mischief, index)
        }
    }

    private mutating func signal(_ index: Int, _ event: Event) {
        schedule.add(.tell(index, process: daemons[index].process, stream: nil, event), at: now)
    }

    /// The API server is out of reach; the connections break at once, or stay half open until a write notices.
    mutating func cutOff(_ indices: [Int], for time: Duration) {
        for index in indices {
            daemons[index].unreachableUntil = now.advanced(by: time)
            if daemons[index].isAlive, !chance(30) { dropConnection(of: daemons[index]) }
        }
    }

    // MARK: The networks

    private mutating func disturb(_ mischief: Mischief, _ index: Int) {
        let time = duration(within: chance(70) ? .seconds(4) : .seconds(20))
        let end = now.advanced(by: time)
        let client = daemons.count
        switch mischief {
        case .cutOneWay:
            let other = Int.random(in: daemons.indices, using: &rng)
            if chance(70) { gossipPlane.cut(from: index, to: other, until: end) }
            if chance(70) { lan.cut(from: index, to: other, until: end) }
        case .cutGossip:
            for other in daemons.indices where other != index {
                gossipPlane.cut(from: index, to: other, until: end)
                gossipPlane.cut(from: other, to: index, until: end)
            }
        case .cutLAN:
            let isDeaf = Bool.random(using: &rng)
            for other in 0...client where other != index {
                lan.cut(from: isDeaf ? other : index, to: isDeaf ? index : other, until: end)
            }
        case .storm:
            gossipPlane.storm(until: end)
            lan.storm(until: end)
        default:
            let isInside = (0...client).map { host in
                mischief == .isolate ? host == index : Bool.random(using: &rng)
            }
            separate(isInside, until: end)
        }
    }

    /// The node hears nobody, and nobody hears it.
    mutating func isolate(_ index: Int, until end: Instant) {
        separate((0...daemons.count).map { $0 == index }, until: end)
    }

    /// Neither side hears the other.
    private mutating func separate(_ isInside: [Bool], until end: Instant) {
        for host in isInside.indices {
            for other in isInside.indices where isInside[host] != isInside[other] {
                lan.cut(from: host, to: other, until: end)
                guard max(host, other) < daemons.count else { continue }
                gossipPlane.cut(from: host, to: other, until: end)
            }
        }
    }

    /// From now on nothing goes wrong any more.
    mutating func makePeace() {
        Log.line("peace", at: now)
        isPeaceful = true
        endMetalLB()
        gossipPlane.heal(at: now)
        lan.heal(at: now)
        for daemon in daemons {
            daemon.unreachableUntil = now
            if !daemon.isLinkUp { schedule.add(.link(daemon.index, isUp: true), at: now) }
            if daemon.frozenUntil != nil {
                daemon.frozenUntil = now
                schedule.add(.thaw(daemon.index), at: now)
            }
            if daemon.isAlive { dropConnection(of: daemon) }
            plan(.start(daemon.index), within: .seconds(1))
        }
        for key in server.nodes.keys.sorted() {
            guard var node = server.nodes[key], node.isNetworkUnavailable else { continue }
            node.isNetworkUnavailable = false
            publish(server.put(node))
        }
    }

    // MARK: People

    mutating func churn() {
        guard !isPeaceful else { return }
        plan(.churn, within: .seconds(4))
        let keys = server.services.keys.sorted()
        let key = keys.isEmpty ? nil : keys[Int.random(in: keys.indices, using: &rng)]
        switch (Int.random(in: 0..<12, using: &rng), key) {
        case (0...3, _), (_, nil):
            for _ in 0..<Int.random(in: 1...4, using: &rng) where server.services.count < 14 { createService() }
        case (4...6, let key?):
            for event in server.deleteService(key) { publish(event) }
        case (7, let key?):
            change(key) { $0.annotations["metallb.io/note"] = "\($0.annotations.count)" }
        case (8, let key?):
            let wish = "192.168.1.\(Int.random(in: 128...159, using: &rng))"
            change(key) { $0.loadBalancerIP = $0.loadBalancerIP == nil ? wish : nil }
        case (9, let key?):
            change(key) { $0.isLoadBalancer.toggle() }
        case (10, let key?):
            putEndpoints(key)
        default:
            changeClusterwide()
        }
    }

    private mutating func changeClusterwide() {
        let nodes = server.nodes.keys.sorted()
        if Bool.random(using: &rng), var node = server.nodes[nodes[Int.random(in: nodes.indices, using: &rng)]] {
            node.isNetworkUnavailable.toggle()
            publish(server.put(node))
        } else if let count = server.pools?.pools.pools[0].ranges.count, count < 4 {
            publish(server.put(pools(rangeCount: count + 1)))
        }
    }

    private mutating func change(_ key: ObjectKey, _ edit: (inout Service) -> Void) {
        guard var service = server.services[key] else { return }
        edit(&service)
        publish(server.put(service))
    }

    mutating func createService() {
        lastService += 1
        // Names in no order, so that two leaders would go through them in different orders.
        let key = ObjectKey(namespace: "default", name: "s\(UInt8.random(in: 0...99, using: &rng))-\(lastService)")
        var service = Service(
            metadata: ObjectMeta(key: key), isTrafficLocal: chance(weather.localTrafficPercent),
            ports: [Service.Port(.tcp, 80)])
        if chance(30) {
            service.annotations["metallb.io/allow-shared-ip"] = "shared"
            service.ports = [Service.Port(.tcp, UInt16(8_000 + lastService % 3))]
        }
        publish(server.put(service))
        putEndpoints(key)
    }

    private mutating func putEndpoints(_ key: ObjectKey) {
        let endpoints = daemons.map { daemon in
            EndpointSlice.Endpoint(nodeName: daemon.name, isServing: !weather.hasChurn || Bool.random(using: &rng))
        }
        publish(
            server.put(EndpointSlice(metadata: ObjectMeta(key: key), serviceName: key.name, endpoints: endpoints)))
    }
}
