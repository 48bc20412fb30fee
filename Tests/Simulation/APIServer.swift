import KubeWatch

@testable import Balancer

/// The API server's state: objects with resourceVersions, and writes that are conditional on them.
struct APIServer {
    private(set) var services: [ObjectKey: Service] = [:]
    private(set) var slices: [ObjectKey: EndpointSlice] = [:]
    private(set) var nodes: [ObjectKey: Node] = [:]
    private(set) var leases: [ObjectKey: Lease] = [:]
    private(set) var pods: [ObjectKey: Pod] = [:]
    private(set) var pools: (metadata: ObjectMeta, pools: Pools)?
    private(set) var revision = 1_000
    private var lastUID = 0

    /// The metadata of a new version of an object.
    private mutating func next(_ key: ObjectKey, uid: String?) -> ObjectMeta {
        revision += 1
        if uid == nil { lastUID += 1 }
        return ObjectMeta(key: key, uid: uid ?? "uid-\(lastUID)", resourceVersion: "\(revision)")
    }

    // MARK: What people do

    mutating func put(_ service: Service) -> Event {
        var service = service
        let key = service.metadata.key
        service.metadata = next(key, uid: services[key]?.metadata.uid)
        services[key] = service
        return .change(.upserted(.service(service)))
    }

    mutating func put(_ slice: EndpointSlice) -> Event {
        var slice = slice
        let key = slice.metadata.key
        slice.metadata = next(key, uid: slices[key]?.metadata.uid)
        slices[key] = slice
        return .change(.upserted(.endpointSlice(slice)))
    }

    mutating func put(_ node: Node) -> Event {
        var node = node
        let key = node.metadata.key
        node.metadata = next(key, uid: nodes[key]?.metadata.uid)
        nodes[key] = node
        return .change(.upserted(.node(node)))
    }

    mutating func put(_ pod: Pod) -> Event {
        var pod = pod
        let key = pod.metadata.key
        pod.metadata = next(key, uid: pods[key]?.metadata.uid)
        pods[key] = pod
        return .change(.upserted(.pod(pod)))
    }

    mutating func deletePod(_ key: ObjectKey) -> Event {
        revision += 1
        pods[key] = nil
        return .change(.deleted(.pod, key))
    }

    mutating func put(_ pools: Pools) -> Event {
        let key = ObjectKey(namespace: "metallb-system", name: "config")
        let metadata = next(key, uid: "config")
        self.pools = (metadata, pools)
        return .pools(pools, from: .configMap(metadata, text: metadata.resourceVersion))
    }

    mutating func deleteService(_ key: ObjectKey) -> [Event] {
        revision += 1
        services[key] = nil
        slices[key] = nil
        return [.change(.deleted(.service, key)), .change(.deleted(.endpointSlice, key))]
    }

    // MARK: What daemons do

    /// Carries out a write: how it ended, and what the watches tell of it.
    mutating func apply(_ write: Write) -> (Outcome, Event?) {
        switch write {
        case .serviceStatus(let base, let ingress):
            guard var service = services[base.key] else { return (.notFound, nil) }
            guard service.metadata.resourceVersion == base.resourceVersion else { return (.conflict, nil) }
            service.ingress = ingress.map { .ip($0) }
            let event = put(service)
            return (.done(services[base.key]?.metadata), event)
        case .createLease(let lease):
            let key = lease.metadata.key
            guard leases[key] == nil else { return (.conflict, nil) }
            return store(lease)
        case .updateLease(let lease, _):
            guard let old = leases[lease.metadata.key] else { return (.notFound, nil) }
            guard old.metadata == lease.metadata else { return (.conflict, nil) }
            return store(lease)
        case .deleteLease(let metadata):
            guard let old = leases[metadata.key] else { return (.notFound, nil) }
            guard old.metadata == metadata else { return (.conflict, nil) }
            revision += 1
            leases[metadata.key] = nil
            return (.done(nil), .change(.deleted(.lease, metadata.key)))
        case .event, .relistServices, .createSecret:
            return (.done(nil), nil)
        }
    }

    private mutating func store(_ lease: Lease) -> (Outcome, Event?) {
        var lease = lease
        let key = lease.metadata.key
        lease.metadata = next(key, uid: leases[key]?.metadata.uid)
        lease.renewTime = lease.metadata.resourceVersion
        leases[key] = lease
        return (.done(lease.metadata), .change(.upserted(.lease(lease))))
    }

    // MARK: Lists

    /// All objects of `kind`, as a list tells them, in the order of their keys.
    func list(_ kind: Kind) -> [(key: ObjectKey, event: Event)] {
        switch kind {
        case .service: sorted(services) { .change(.upserted(.service($0))) }
        case .endpointSlice: sorted(slices) { .change(.upserted(.endpointSlice($0))) }
        case .node: sorted(nodes) { .change(.upserted(.node($0))) }
        case .lease: sorted(leases) { .change(.upserted(.lease($0))) }
        case .configMap:
            pools.map { pools in
                [
                    (
                        pools.metadata.key,
                        .pools(pools.pools, from: .configMap(pools.metadata, text: pools.metadata.resourceVersion))
                    )
                ]
            } ?? []
        case .pod: sorted(pods) { .change(.upserted(.pod($0))) }
        case .secret: []
        }
    }

    private func sorted<Value>(
        _ objects: [ObjectKey: Value], _ event: (Value) -> Event
    ) -> [(key: ObjectKey, event: Event)] {
        objects.sorted { $0.key < $1.key }.map { ($0.key, event($0.value)) }
    }
}

extension Event {
    /// The kind and the key of the object that a watch tells of; nil for events of other origin.
    var subject: (kind: Kind, key: ObjectKey, isThere: Bool)? {
        switch self {
        case .change(.upserted(let object)): (object.kind, object.metadata.key, true)
        case .change(.deleted(let kind, let key)): (kind, key, false)
        case .pools(_, from: .configMap(let metadata, _)): (.configMap, metadata.key, true)
        default: nil
        }
    }
}
