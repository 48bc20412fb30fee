import KubeWatch
import Wire

/// What the status of a Service says, seen with the pools in force.
enum Standing: Hashable {
    /// No ingress.
    case vacant
    /// One ingress a family at most, addresses of the pools, as they are ordered there.
    case holds([IPAddress])
    /// Anything else: more ingresses, a host name, an address outside all pools. Another controller wrote it, or the pools
    /// were others then.
    case foreign

    init(of service: Service, in pools: Pools?) {
        guard !service.ingress.isEmpty else {
            self = .vacant
            return
        }
        let addresses = service.ingress.prefix(3).compactMap { entry -> IPAddress? in
            guard case .ip(let text) = entry, let address = IPAddress(text), pools?.pool(holding: address) != nil else {
                return nil
            }
            return address
        }
        let isWhole = addresses.count == service.ingress.count && Set(addresses.map(\.family)).count == addresses.count
        self = isWhole ? .holds(addresses) : .foreign
    }

    /// The addresses that the Service has from us.
    var addresses: [IPAddress] {
        if case .holds(let addresses) = self { addresses } else { [] }
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
