import KubeWatch
import Wire

/// The cluster as the watches have told it.
struct Cluster {
    /// The lists without which nothing is allocated and nothing is answered for.
    static let neededKinds: Set<Kind> = [.service, .endpointSlice, .node, .lease, .configMap]

    private(set) var services: [ObjectKey: Service] = [:]
    private(set) var nodes: [String: Node] = [:]
    private var slices: [ObjectKey: EndpointSlice] = [:]
    private var slicesByService: [ObjectKey: Set<ObjectKey>] = [:]
    private var listedKinds: Set<Kind> = []
    private var interruptedKinds: Set<Kind> = []
    private var forbiddenKinds: Set<Kind> = []

    // MARK: Freshness

    /// Whether every needed kind has been listed since this daemon started.
    var isComplete: Bool { listedKinds.isSuperset(of: Self.neededKinds) }

    /// Whether the watch on `kind` is alive, as far as it is known.
    func isLive(_ kind: Kind) -> Bool {
        listedKinds.contains(kind) && !interruptedKinds.contains(kind)
    }

    /// Whether `kind` has been listed since this daemon started.
    func isListed(_ kind: Kind) -> Bool { listedKinds.contains(kind) }

    /// Whether the server shows all needed kinds, or has said that it will not.
    var isAnswered: Bool { Self.neededKinds.allSatisfy { isLive($0) || forbiddenKinds.contains($0) } }

    /// Whether the server shows none of the needed kinds, and has not said that it will not.
    var isSilent: Bool { !Self.neededKinds.contains { isLive($0) || forbiddenKinds.contains($0) } }

    mutating func synced(_ kind: Kind) {
        listedKinds.insert(kind)
        interruptedKinds.remove(kind)
        forbiddenKinds.remove(kind)
    }

    mutating func interrupted(_ kind: Kind) {
        interruptedKinds.insert(kind)
    }

    mutating func forbidden(_ kind: Kind) {
        interruptedKinds.insert(kind)
        forbiddenKinds.insert(kind)
    }

    // MARK: Services

    /// Takes a version of a Service. Returns false for one that is older than the one at hand: a list and a watch, or a
    /// write's answer and the watch, may overtake each other.
    mutating func update(_ service: Service) -> Bool {
        let key = service.metadata.key
        if let known = services[key], service.metadata.isOlder(than: known.metadata) { return false }
        services[key] = service
        return true
    }

    mutating func removeService(_ key: ObjectKey) -> Service? {
        services.removeValue(forKey: key)
    }

    // MARK: Endpoints

    /// Takes a slice. Returns the Services whose endpoints may have changed.
    mutating func update(_ slice: EndpointSlice) -> [ObjectKey] {
        let old = slices.updateValue(slice, forKey: slice.metadata.key)
        guard old?.endpoints != slice.endpoints || old?.serviceKey != slice.serviceKey else { return [] }
        slicesByService[slice.serviceKey, default: []].insert(slice.metadata.key)
        guard let old, old.serviceKey != slice.serviceKey else { return [slice.serviceKey] }
        unlink(old)
        return [old.serviceKey, slice.serviceKey]
    }

    mutating func removeSlice(_ key: ObjectKey) -> ObjectKey? {
        guard let old = slices.removeValue(forKey: key) else { return nil }
        unlink(old)
        return old.serviceKey
    }

    private mutating func unlink(_ slice: EndpointSlice) {
        slicesByService[slice.serviceKey]?.remove(slice.metadata.key)
        if slicesByService[slice.serviceKey]?.isEmpty == true { slicesByService[slice.serviceKey] = nil }
    }

    /// Where the endpoints of the Service `key` are.
    func backends(of key: ObjectKey) -> Backends {
        var backends = Backends()
        for slice in slicesByService[key] ?? [] {
            for endpoint in slices[slice]?.endpoints ?? [] where endpoint.isServing {
                backends.isServing = true
                if let node = endpoint.nodeName { backends.nodes.insert(node) }
            }
        }
        return backends
    }

    /// How many endpoints of the Service `key` serve: of the family that has more, since with both each has its own slice.
    func readyEndpointCount(of key: ObjectKey) -> Int {
        var counts: [AddressFamily: Int] = [:]
        var known: Set<String> = []
        for slice in (slicesByService[key] ?? []).compactMap({ slices[$0] }) {
            for endpoint in slice.endpoints where endpoint.isServing {
                // The same may stand in several slices (Kubernetes documentation, EndpointSlices, "Duplicate endpoints").
                guard endpoint.address.map({ known.insert($0).inserted }) ?? true else { continue }
                counts[slice.addressFamily, default: 0] += 1
            }
        }
        return counts.values.max() ?? 0
    }

    // MARK: Nodes

    /// Takes a Node. Returns whether anything that matters has changed.
    mutating func update(_ node: Node) -> Bool {
        let old = nodes.updateValue(node, forKey: node.metadata.key.name)
        return old?.isExcluded != node.isExcluded || old?.isNetworkUnavailable != node.isNetworkUnavailable
    }

    mutating func removeNode(_ name: String) -> Bool {
        nodes.removeValue(forKey: name) != nil
    }
}
