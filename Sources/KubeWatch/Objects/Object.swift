/// The kinds of objects that lbd watches.
public enum Kind: String, CaseIterable, Hashable, Comparable, Sendable {
    case service = "Service"
    case endpointSlice = "EndpointSlice"
    case node = "Node"
    case configMap = "ConfigMap"
    case lease = "Lease"
    case pod = "Pod"
    case secret = "Secret"

    /// Whether `left` comes before `right`.
    public static func < (left: Kind, right: Kind) -> Bool {
        left.rawValue < right.rawValue
    }
}

/// An object of any watched kind.
public enum Object: Hashable, Sendable {
    case service(Service)
    case endpointSlice(EndpointSlice)
    case node(Node)
    case configMap(ConfigMap)
    case lease(Lease)
    case pod(Pod)
    case secret(Secret)

    /// The object's kind.
    public var kind: Kind {
        switch self {
        case .service: .service
        case .endpointSlice: .endpointSlice
        case .node: .node
        case .configMap: .configMap
        case .lease: .lease
        case .pod: .pod
        case .secret: .secret
        }
    }

    /// The object's metadata.
    public var metadata: ObjectMeta {
        switch self {
        case .service(let service): service.metadata
        case .endpointSlice(let slice): slice.metadata
        case .node(let node): node.metadata
        case .configMap(let configMap): configMap.metadata
        case .lease(let lease): lease.metadata
        case .pod(let pod): pod.metadata
        case .secret(let secret): secret.metadata
        }
    }
}
