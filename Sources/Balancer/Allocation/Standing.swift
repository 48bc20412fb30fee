import KubeWatch
import Wire

/// What the status of a Service says, seen with the pools in force.
enum Standing: Hashable {
    /// No ingress.
    case vacant
    /// One ingress a family at most, addresses of the pools, and those of networks that were there before.
    case holds(Holdings)
    /// Anything else: more ingresses, a host name, an address outside all pools. Another controller wrote it, or the pools
    /// were others then.
    case foreign

    /// More ingresses than this are not ours.
    private static let ingressLimit = 8

    init(of service: Service, in pools: Pools?) {
        guard !service.ingress.isEmpty else {
            self = .vacant
            return
        }
        self = .foreign
        guard service.ingress.count <= Self.ingressLimit, let pools else { return }
        var holdings = Holdings()
        for entry in service.ingress {
            guard case .ip(let text) = entry, let address = IPAddress(text), holdings.take(address, in: pools) else {
                return
            }
        }
        self = .holds(holdings)
    }

    /// What the Service has from us.
    var holdings: Holdings {
        if case .holds(let holdings) = self { holdings } else { Holdings() }
    }

    /// The addresses that the Service has from us and that can be answered for.
    var addresses: [IPAddress] { holdings.addresses }
}

/// The addresses that a Service has from us, each group as it is ordered in the status.
struct Holdings: Hashable {
    /// Those that count, one a family at most.
    var current: [IPAddress] = []
    /// Those that it has moved from, or is to: they are answered for as long as their network is there.
    var former: [IPAddress] = []
    /// Those whose host part is a pool's and whose network this node is not in.
    var gone: [IPAddress] = []

    /// Those that can be answered for.
    var addresses: [IPAddress] { former.isEmpty ? current : current + former }

    /// Takes one more address of a status. Returns whether it can be ours.
    fileprivate mutating func take(_ address: IPAddress, in pools: Pools) -> Bool {
        guard let pool = pools.pool(holding: address) else {
            gone.append(address)
            return pools.pool(hosting: address) != nil
        }
        let isSecond = current.contains { $0.family == address.family }
        if isSecond || pool.isLeaving(address) {
            former.append(address)
            // Of two networks that are both preferred, the one that was moved to counts.
            return pool.hosts.contains { $0.contains(address) }
        }
        current.append(address)
        return true
    }
}

extension Service {
    /// The addresses in the status, ascending, each once; what does not parse is left out.
    var ingressAddresses: [IPAddress] {
        switch ingress.count {
        case 0: return []
        case 1:
            guard case .ip(let text) = ingress[0], let address = IPAddress(text) else { return [] }
            return [address]
        default:
            let addresses = ingress.compactMap { entry -> IPAddress? in
                guard case .ip(let text) = entry else { return nil }
                return IPAddress(text)
            }
            return Set(addresses).sorted()
        }
    }
}
