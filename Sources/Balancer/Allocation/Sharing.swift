import KubeWatch
import Wire

/// On what terms a Service would share its address (MetalLB's annotation `allow-shared-ip`).
struct Sharing: Hashable {
    /// The annotation's value; empty for a Service that shares with nobody.
    var key: String
    /// The ports that the Service listens on; no two sharers may have one in common.
    var ports: [Service.Port]
    /// Which backends must be the same: the selector where traffic stays on the node, else empty. Two Services with
    /// different backends and externalTrafficPolicy Local would need two nodes to answer.
    var backend: String

    init(_ service: Service) {
        key = service.annotation("allow-shared-ip") ?? ""
        ports = service.ports
        backend =
            service.isTrafficLocal
            ? service.selector.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ",") : ""
    }

    /// Whether both may have one address.
    func isCompatible(with other: Sharing) -> Bool {
        !key.isEmpty && key == other.key && backend == other.backend && Set(ports).isDisjoint(with: other.ports)
    }
}

extension Service {
    /// The annotation `name` under either of MetalLB's prefixes; the newer one, `metallb.io/`, wins. nil where unset or
    /// empty.
    func annotation(_ name: String) -> String? {
        let value = annotations["metallb.io/" + name] ?? annotations["metallb.universe.tf/" + name]
        return value.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// The families of the Service's addresses, those of its cluster addresses, the primary one first.
    var families: [AddressFamily] {
        let named = ipFamilies.prefix(2).compactMap(AddressFamily.init(rawValue:))
        guard let first = named.first else { return [IPAddress(clusterIP)?.family ?? .ipv4] }
        return named.last == first ? [first] : named
    }
}
