import FoundationEssentials

extension Secret {
    private enum CodingKeys: String, CodingKey {
        case data
    }

    private struct Entries: Decodable {
        let secretkey: Data?
    }

    /// Reads core/v1 Secret; Base64 is how JSONDecoder reads Data.
    init(_ metadata: Metadata, from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        let entries = try members.decodeIfPresent(Entries.self, forKey: .data)
        self.init(metadata: metadata.identity, secretKey: entries?.secretkey.map { [UInt8]($0) })
    }
}
