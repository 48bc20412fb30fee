import Wire

extension EndpointSlice {
    /// The label that names the Service of a slice.
    static let serviceLabel = "kubernetes.io/service-name"

    private enum CodingKeys: String, CodingKey {
        case addressType, endpoints, subsets
    }

    private struct Backend: Decodable {
        let addresses: [String]?
        let nodeName: String?
        let conditions: Conditions?
        let topology: Topology?

        var endpoint: Endpoint {
            Endpoint(
                nodeName: nodeName ?? topology?.hostname,
                isServing: conditions?.serving ?? conditions?.ready ?? true,
                address: addresses?.first)
        }
    }

    private struct Conditions: Decodable {
        let ready: Bool?
        let serving: Bool?
    }

    private struct Topology: Decodable {
        let hostname: String?

        enum CodingKeys: String, CodingKey {
            case hostname = "kubernetes.io/hostname"
        }
    }

    private struct Subset: Decodable {
        let addresses: [Address]?
        let notReadyAddresses: [Address]?
    }

    private struct Address: Decodable {
        let ip: String?
        let nodeName: String?
    }

    /// Reads discovery.k8s.io EndpointSlice, v1 and v1beta1. A slice without the label belongs to no Service.
    init(_ metadata: Metadata, from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        let backends = try members.decodeIfPresent([Backend].self, forKey: .endpoints) ?? []
        let family = try members.decodeIfPresent(String.self, forKey: .addressType).flatMap(
            AddressFamily.init(rawValue:))
        self.init(
            metadata: metadata.identity, serviceName: metadata.labels[Self.serviceLabel] ?? "",
            addressFamily: family ?? .ipv4, endpoints: backends.map(\.endpoint))
    }

    /// Reads core/v1 Endpoints, which bear the name of their Service.
    init(endpoints metadata: Metadata, from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        let subsets = try members.decodeIfPresent([Subset].self, forKey: .subsets) ?? []
        let endpoints = subsets.flatMap { subset in
            (subset.addresses ?? []).map { Endpoint(nodeName: $0.nodeName, address: $0.ip) }
                + (subset.notReadyAddresses ?? []).map {
                    Endpoint(nodeName: $0.nodeName, isServing: false, address: $0.ip)
                }
        }
        self.init(metadata: metadata.identity, serviceName: metadata.identity.key.name, endpoints: endpoints)
    }
}
