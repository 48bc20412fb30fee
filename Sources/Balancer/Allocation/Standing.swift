import KubeWatch
import Wire

/// What the status of a Service says, seen with the pools in force.
enum Standing: Hashable {
    /// No ingress.
    case vacant
    /// One ingress, an address of one of the pools.
    case holds(IPAddress)
    /// Anything else: several ingresses, a host name, an address outside all pools. Another controller wrote it, or the
    /// pools were others then.
    case foreign

    init(of service: Service, in pools: Pools?) {
        switch (service.ingress.count, service.ingress.first) {
        case (0, _):
            self = .vacant
        case (1, .ip(let text)):
            guard let address = IPAddress(text), pools?.pool(holding: address) != nil else {
                self = .foreign
                return
            }
            self = .holds(address)
        default:
            self = .foreign
        }
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
