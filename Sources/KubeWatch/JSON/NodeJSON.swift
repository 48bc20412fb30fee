import Wire

extension Node {
    /// The label that takes a node out of load balancing.
    static let exclusionLabel = "node.kubernetes.io/exclude-from-external-load-balancers"

    private enum CodingKeys: String, CodingKey {
        case metadata, status
    }

    /// All labels, whatever their keys: people choose nodes by them.
    private struct Labelled: Decodable {
        let labels: [String: String]?
    }

    private struct Status: Decodable {
        let conditions: [Condition]?
        let addresses: [Address]?
    }

    private struct Address: Decodable {
        let type: String?
        let address: String?
    }

    private struct Condition: Decodable {
        let type: String?
        let status: String?
    }

    /// Reads core/v1 Node.
    init(_ metadata: Metadata, from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        let labelled = try members.decodeIfPresent(Labelled.self, forKey: .metadata)
        let status = try members.decodeIfPresent(Status.self, forKey: .status)
        let isUnavailable = status?.conditions?.contains { $0.type == "NetworkUnavailable" && $0.status == "True" }
        let internalAddresses = status?.addresses?.filter { $0.type == "InternalIP" }.compactMap { entry in
            entry.address.flatMap { IPAddress($0) }
        }
        self.init(
            metadata: metadata.identity, isNetworkUnavailable: isUnavailable ?? false,
            isExcluded: metadata.labels[Self.exclusionLabel] != nil, internalAddresses: internalAddresses ?? [],
            labels: labelled?.labels ?? [:])
    }
}
