extension Node {
    /// The label that takes a node out of load balancing.
    static let exclusionLabel = "node.kubernetes.io/exclude-from-external-load-balancers"

    private enum CodingKeys: String, CodingKey {
        case status
    }

    private struct Status: Decodable {
        let conditions: [Condition]?
    }

    private struct Condition: Decodable {
        let type: String?
        let status: String?
    }

    /// Reads core/v1 Node.
    init(_ metadata: Metadata, from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        let status = try members.decodeIfPresent(Status.self, forKey: .status)
        let isUnavailable = status?.conditions?.contains { $0.type == "NetworkUnavailable" && $0.status == "True" }
        self.init(
            metadata: metadata.identity, isNetworkUnavailable: isUnavailable ?? false,
            isExcluded: metadata.labels[Self.exclusionLabel] != nil)
    }
}
