/// Whether k3s's own load balancer, ServiceLB, serves the same Services.
enum ServiceLBCheck {
    /// What is seen of k3s.
    struct Evidence {
        /// What of k3s is on this node.
        enum Role: Hashable {
            /// Nothing.
            case none
            /// A server, with its settings at hand; `isDisabled` where one of them switches ServiceLB off.
            case server(isDisabled: Bool)
            /// An agent: the servers have the settings.
            case agent
        }

        /// What of k3s is on this node.
        var role: Role
        /// `NAMESPACE/NAME` of Services of type LoadBalancer whose status has addresses of nodes, as ServiceLB writes it; nil
        /// where it is not known.
        var nodeServices: [String]?
    }

    private static let advice =
        "Put `disable: [servicelb]` into /etc/rancher/k3s/config.yaml on every server, and restart k3s there."

    static func findings(_ evidence: Evidence) -> [Finding] {
        if let services = evidence.nodeServices, !services.isEmpty {
            let names = services.prefix(5).map { "\"\($0)\"" }.joined(separator: ", ")
            let more = services.count > 5 ? " and \(services.count - 5) more" : ""
            return [
                .error(
                    .serviceLB,
                    "the status of \(names)\(more) has addresses of nodes, as k3s's ServiceLB writes it: lbd leaves "
                        + "such a Service alone",
                    advice: advice)
            ]
        }
        switch evidence.role {
        case .none: return [.fine(.serviceLB, "no k3s is on this node")]
        case .server(isDisabled: true): return [.fine(.serviceLB, "it is switched off in k3s's settings")]
        case .server(isDisabled: false):
            return [
                .warning(
                    .serviceLB,
                    "k3s's settings on this node do not switch it off: it gives Services the nodes' own "
                        + "addresses",
                    advice: advice)
            ]
        case .agent where evidence.nodeServices != nil:
            return [.fine(.serviceLB, "no Service has the addresses of nodes that it gives")]
        case .agent:
            return [
                .unknown(
                    .serviceLB, "this node is a k3s agent: the servers have the settings",
                    advice: "Run lbd doctor on a server.")
            ]
        }
    }
}
