import KubeWatch

/// Where a Service's endpoints are.
struct Backends: Hashable {
    /// The nodes that may pass on traffic for an address.
    enum Reach: Hashable {
        /// Any node.
        case everywhere
        /// Only these.
        case only(Set<String>)

        func includes(_ node: String) -> Bool {
            switch self {
            case .everywhere: true
            case .only(let nodes): nodes.contains(node)
            }
        }

        /// The nodes in both.
        func intersection(_ other: Reach) -> Reach {
            switch (self, other) {
            case (.everywhere, let other): other
            case (let mine, .everywhere): mine
            case (.only(let mine), .only(let theirs)): .only(mine.intersection(theirs))
            }
        }
    }

    /// There is a serving endpoint.
    var isServing = false
    /// The nodes with a serving endpoint.
    var nodes: Set<String> = []

    /// The nodes that may pass on traffic for `service`; nil where none may.
    func reach(of service: Service) -> Reach? {
        guard service.isTrafficLocal else { return isServing ? .everywhere : nil }
        return nodes.isEmpty ? nil : .only(nodes)
    }
}
