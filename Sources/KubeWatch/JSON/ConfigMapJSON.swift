extension ConfigMap {
    private enum CodingKeys: String, CodingKey {
        case data
    }

    private struct Entries: Decodable {
        let config: String?
    }

    /// Reads core/v1 ConfigMap.
    init(_ metadata: Metadata, from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        let entries = try members.decodeIfPresent(Entries.self, forKey: .data)
        self.init(metadata: metadata.identity, config: entries?.config)
    }
}
