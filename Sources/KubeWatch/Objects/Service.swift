/// The part of core/v1 Service that lbd uses.
public struct Service: Hashable, Sendable {
    /// The transport protocols of a Service's ports.
    public enum TransportProtocol: String, Hashable, Comparable, Sendable {
        case tcp = "TCP"
        case udp = "UDP"
        case sctp = "SCTP"

        /// Whether `left` comes before `right`.
        public static func < (left: TransportProtocol, right: TransportProtocol) -> Bool {
            left.rawValue < right.rawValue
        }
    }

    /// One of spec.ports: what clients connect to.
    public struct Port: Hashable, Comparable, Sendable {
        /// spec.ports[].protocol; TCP where unset.
        public var transportProtocol: TransportProtocol
        /// spec.ports[].port.
        public var number: UInt16

        /// The port `number` of `transportProtocol`.
        public init(_ transportProtocol: TransportProtocol, _ number: UInt16) {
            self.transportProtocol = transportProtocol
            self.number = number
        }

        /// Whether `left` comes before `right`.
        public static func < (left: Port, right: Port) -> Bool {
            (left.transportProtocol, left.number) < (right.transportProtocol, right.number)
        }
    }

    /// One of status.loadBalancer.ingress: an address, or a host name that some other controller wrote.
    public enum Ingress: Hashable, Sendable {
        /// status.loadBalancer.ingress[].ip, as text: it need not parse.
        case ip(String)
        /// status.loadBalancer.ingress[].hostname.
        case hostname(String)
    }

    /// How many families a Service wants addresses of.
    public enum FamilyPolicy: String, Hashable, Sendable {
        case single = "SingleStack"
        /// Both, where the cluster has both.
        case preferDual = "PreferDualStack"
        case requireDual = "RequireDualStack"
    }

    /// Namespace, name, uid and resourceVersion.
    public var metadata: ObjectMeta
    /// metadata.annotations, only those under `metallb.universe.tf/` and `metallb.io/`.
    public var annotations: [String: String]
    /// metadata.deletionTimestamp is set: the Service waits for its finalizers.
    public var isBeingDeleted: Bool
    /// spec.type is LoadBalancer.
    public var isLoadBalancer: Bool
    /// spec.loadBalancerIP as text; nil where unset or empty.
    public var loadBalancerIP: String?
    /// spec.loadBalancerClass; nil where unset.
    public var loadBalancerClass: String?
    /// spec.externalTrafficPolicy is Local (else Cluster).
    public var isTrafficLocal: Bool
    /// spec.ipFamilies, first one primary: "IPv4", "IPv6". Empty from servers before 1.20.
    public var ipFamilies: [String]
    /// spec.ipFamilyPolicy; nil from servers before 1.20.
    public var ipFamilyPolicy: FamilyPolicy?
    /// spec.clusterIP; "None" or empty for a Service without one.
    public var clusterIP: String
    /// spec.ports.
    public var ports: [Port]
    /// spec.selector.
    public var selector: [String: String]
    /// status.loadBalancer.ingress.
    public var ingress: [Ingress]

    /// A Service with these fields.
    public init(
        metadata: ObjectMeta, annotations: [String: String] = [:], isBeingDeleted: Bool = false,
        isLoadBalancer: Bool = true, loadBalancerIP: String? = nil, loadBalancerClass: String? = nil,
        isTrafficLocal: Bool = false, ipFamilies: [String] = ["IPv4"], ipFamilyPolicy: FamilyPolicy? = nil,
        clusterIP: String = "", ports: [Port] = [], selector: [String: String] = [:], ingress: [Ingress] = []
    ) {
        self.metadata = metadata
        self.annotations = annotations
        self.isBeingDeleted = isBeingDeleted
        self.isLoadBalancer = isLoadBalancer
        self.loadBalancerIP = loadBalancerIP
        self.loadBalancerClass = loadBalancerClass
        self.isTrafficLocal = isTrafficLocal
        self.ipFamilies = ipFamilies
        self.ipFamilyPolicy = ipFamilyPolicy
        self.clusterIP = clusterIP
        self.ports = ports
        self.selector = selector
        self.ingress = ingress
    }
}
