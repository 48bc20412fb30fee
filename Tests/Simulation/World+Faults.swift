import KubeWatch
import Wire

@testable import Balancer

/// What goes wrong with a daemon.
enum Mischief {
    case freeze
    case freezeBriefly
    case crash
    case stop
    case restart
    case cutOff
    case cutOffAll
    case drop
    case unplug
}

/// What goes wrong, and what people do meanwhile.
extension World {
    mutating func planMischief() {
        guard !isPeaceful else { return }
        plan(.trouble, within: .seconds(8))
        // Leaders are where the harm is.
        let leader = daemons.firstIndex { $0.balancer?.leadership.holdsLease ?? false }
        let anyone = Int.random(in: daemons.indices, using: &rng)
        let index = Bool.random(using: &rng) ? leader ?? anyone : anyone
        // Then most of all when writes are on their way.
        if Bool.random(using: &rng) {
            for _ in 0..<4 where server.services.count < 14 { createService() }
        }
        let kind = [
            Mischief.freeze, .freeze, .freezeBriefly, .crash, .stop, .restart, .cutOff, .cutOffAll, .drop, .unplug,
        ]
        schedule.add(
            .mischief(kind[Int.random(in: kind.indices, using: &rng)], index),
            at: now.advanced(by: duration(within: .milliseconds(60))))
    }

    mutating func make(_ mischief: Mischief, of index: Int) {
        guard !isPeaceful, daemons[index].isAlive else { return }
        switch mischief {
        case .freeze: freeze(index, for: duration(within: .seconds(40)))
        case .freezeBriefly: freeze(index, for: duration(within: .seconds(3)))
        case .crash: end(index, startsAgainWithin: chance(50) ? .seconds(1) : .seconds(20))
        case .stop: signal(index, .stop)
        case .restart: signal(index, .restart)
        case .cutOff: cutOff([index], for: duration(within: .seconds(25)))
        case .cutOffAll: cutOff(Array(daemons.indices), for: duration(within: .seconds(25)))
        case .drop: dropConnection(of: index)
        case .unplug:
            schedule.add(.link(index, isUp: false), at: now)
            plan(.link(index, isUp: true), within: .seconds(10))
        }
    }

    private mutating func signal(_ index: Int, _ event: Event) {
        schedule.add(.tell(index, process: daemons[index].process, stream: nil, event), at: now)
    }

    /// The API server is out of reach; the connections break at once, or stay half open until a write notices.
    private mutating func cutOff(_ indices: [Int], for time: Duration) {
        for index in indices {
            daemons[index].unreachableUntil = now.advanced(by: time)
            if daemons[index].isAlive, !chance(30) { dropConnection(of: index) }
        }
    }

    /// From now on nothing goes wrong any more.
    mutating func makePeace() {
        isPeaceful = true
        endMetalLB()
        for index in daemons.indices {
            daemons[index].unreachableUntil = now
            if !daemons[index].isLinkUp { schedule.add(.link(index, isUp: true), at: now) }
            if daemons[index].frozenUntil != nil {
                daemons[index].frozenUntil = now
                schedule.add(.thaw(index), at: now)
            }
            if daemons[index].isAlive { dropConnection(of: index) }
            plan(.start(index), within: .seconds(1))
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
            publish(server.put(Self.pools(rangeCount: count + 1)))
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
            metadata: ObjectMeta(key: key), isTrafficLocal: chance(20), ports: [Service.Port(.tcp, 80)])
        if chance(30) {
            service.annotations["metallb.io/allow-shared-ip"] = "shared"
            service.ports = [Service.Port(.tcp, UInt16(8_000 + lastService % 3))]
        }
        publish(server.put(service))
        putEndpoints(key)
    }

    private mutating func putEndpoints(_ key: ObjectKey) {
        let endpoints = daemons.map { daemon in
            EndpointSlice.Endpoint(nodeName: daemon.name, isServing: Bool.random(using: &rng))
        }
        publish(
            server.put(EndpointSlice(metadata: ObjectMeta(key: key), serviceName: key.name, endpoints: endpoints)))
    }
}
