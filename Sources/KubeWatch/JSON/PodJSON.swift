extension Pod {
    private enum CodingKeys: String, CodingKey {
        case status
    }

    private struct Status: Decodable {
        let phase: String?
    }

    /// Reads core/v1 Pod.
    init(_ metadata: Metadata, from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        let status = try members.decodeIfPresent(Status.self, forKey: .status)
        self.init(
            metadata: metadata.identity, phase: status?.phase ?? "", isBeingDeleted: metadata.isBeingDeleted)
    }
}
