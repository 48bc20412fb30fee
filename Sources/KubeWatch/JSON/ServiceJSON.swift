extension Service {
    private enum CodingKeys: String, CodingKey {
        case spec, status
    }

    private struct Spec: Decodable {
        let type: String?
        let loadBalancerIP: String?
        let loadBalancerClass: String?
        let externalTrafficPolicy: String?
        let ipFamilies: [String]?
        let ipFamilyPolicy: String?
        let clusterIP: String?
        let ports: [PortSpec]?
        let selector: [String: String]?
    }

    private struct PortSpec: Decodable {
        let `protocol`: String?
        let port: UInt16
    }

    private struct Status: Decodable {
        let loadBalancer: LoadBalancer?
    }

    private struct LoadBalancer: Decodable {
        let ingress: [IngressStatus]?
    }

    private struct IngressStatus: Decodable {
        let ip: String?
        let hostname: String?

        var ingress: Ingress? {
            if let ip, !ip.isEmpty { return .ip(ip) }
            if let hostname, !hostname.isEmpty { return .hostname(hostname) }
            return nil
        }
    }

    /// Reads core/v1 Service.
    init(_ metadata: Metadata, from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        let spec = try members.decodeIfPresent(Spec.self, forKey: .spec)
        let status = try members.decodeIfPresent(Status.self, forKey: .status)
        self.init(
            metadata: metadata.identity,
            annotations: metadata.annotations.filter { $0.key != Lease.addressesAnnotation },
            isBeingDeleted: metadata.isBeingDeleted,
            isLoadBalancer: spec?.type == "LoadBalancer",
            loadBalancerIP: Self.unlessEmpty(spec?.loadBalancerIP),
            loadBalancerClass: Self.unlessEmpty(spec?.loadBalancerClass),
            isTrafficLocal: spec?.externalTrafficPolicy == "Local", ipFamilies: spec?.ipFamilies ?? [],
            ipFamilyPolicy: spec?.ipFamilyPolicy.flatMap(FamilyPolicy.init), clusterIP: spec?.clusterIP ?? "",
            ports: try (spec?.ports ?? []).map(Self.port),
            selector: spec?.selector ?? [:], ingress: status?.loadBalancer?.ingress?.compactMap(\.ingress) ?? [])
    }

    private static func unlessEmpty(_ text: String?) -> String? {
        text?.isEmpty == false ? text : nil
    }

    private static func port(_ spec: PortSpec) throws -> Port {
        guard let transport = TransportProtocol(rawValue: spec.protocol ?? "TCP") else {
            throw DecodingError.dataCorrupted(.init(codingPath: [], debugDescription: "an unknown protocol"))
        }
        return Port(transport, spec.port)
    }
}
