import KubeWatch
import Wire

@testable import Balancer

/// Where MetalLB's controller stands.
enum MetalLBState {
    case absent
    /// Its Pod runs, and it lists the Services.
    case starting
    /// It gives vacant Services their addresses.
    case atWork
}

/// What MetalLB's controller does next.
enum MetalLBStep {
    case starts
    case begins
    case allocates
    case ends
    /// A write that was on its way when it ended comes into effect.
    case writes(ObjectMeta, IPAddress)
}

/// MetalLB's controller in the same cluster: it sees the server as it is, and allocates as lbd does.
extension World {
    private static let controller = ObjectKey(namespace: "metallb-system", name: "controller")

    mutating func take(_ step: MetalLBStep) {
        switch step {
        case .starts:
            guard !isPeaceful else { return }
            metalLB = .starting
            publish(server.put(Pod(metadata: ObjectMeta(key: Self.controller), phase: "Running")))
            // Once all daemons have heard of it, and what their leader had sent has come into effect.
            schedule.add(.metalLB(.begins), at: now.advanced(by: .seconds(10)))
            schedule.add(.metalLB(.ends), at: now.advanced(by: .seconds(10) + duration(within: .seconds(15))))
        case .begins:
            guard metalLB == .starting else { return }
            metalLB = .atWork
            plan(.metalLB(.allocates), within: .milliseconds(500))
        case .allocates:
            guard metalLB == .atWork else { return }
            if let (service, address) = choice() { write(address, to: service) }
            plan(.metalLB(.allocates), within: .milliseconds(500))
        case .ends:
            endMetalLB()
            plan(.metalLB(.starts), within: .seconds(20))
        case .writes(let base, let address):
            if server.services[base.key]?.metadata == base { write(address, to: base) }
        }
    }

    /// The controller is ended, perhaps in the middle of a write.
    mutating func endMetalLB() {
        guard metalLB != .absent else { return }
        if metalLB == .atWork, let (service, address) = choice() {
            plan(.metalLB(.writes(service, address)), within: Self.requestTimeout - .milliseconds(1))
        }
        metalLB = .absent
        publish(server.deletePod(Self.controller))
    }

    /// The last vacant Service, where lbd takes the first, and the first free address.
    private func choice() -> (ObjectMeta, IPAddress)? {
        let taken = Set(server.services.values.flatMap(\.ingressAddresses))
        guard let ranges = server.pools?.pools.pools.first?.ranges,
            let service = server.services.sorted(by: { $0.key < $1.key }).map(\.value).last(where: { service in
                service.isLoadBalancer && service.ingress.isEmpty && service.loadBalancerIP == nil
            })
        else { return nil }
        for range in ranges {
            for bits in range.first.rawValue...range.last.rawValue {
                let address = IPAddress(.ipv4, rawValue: bits)
                if !taken.contains(address) { return (service.metadata, address) }
            }
        }
        return nil
    }

    private mutating func write(_ address: IPAddress, to base: ObjectMeta) {
        let write = Write.serviceStatus(base, ingress: [address.description])
        checker.checkWrite(write, before: server)
        if let event = server.apply(write).1 { publish(event) }
    }
}
