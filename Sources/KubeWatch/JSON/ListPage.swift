/// One page of a list.
struct ListPage: Decodable {
    /// metadata.resourceVersion: where a watch goes on from.
    let resourceVersion: String
    /// metadata.continue: asks for the next page; nil on the last.
    let continuation: String?
    /// The objects, in the server's order.
    let items: [Item]

    private enum CodingKeys: String, CodingKey {
        case kind, metadata, items
    }

    private enum MetadataKeys: String, CodingKey {
        case resourceVersion, `continue`
    }

    /// Strict about what makes it a list of its kind, since an object that a list does not hold is deleted here.
    init(from decoder: any Decoder) throws {
        let schema = try Schema.current(decoder)
        let members = try decoder.container(keyedBy: CodingKeys.self)
        guard try members.decode(String.self, forKey: .kind) == schema.listName, members.contains(.items) else {
            throw DecodingError.dataCorruptedError(
                forKey: .kind, in: members, debugDescription: "not the list asked for")
        }
        let metadata = try members.nestedContainer(keyedBy: MetadataKeys.self, forKey: .metadata)
        resourceVersion = try metadata.decode(String.self, forKey: .resourceVersion)
        let token = try metadata.decodeIfPresent(String.self, forKey: .continue) ?? ""
        continuation = token.isEmpty ? nil : token
        guard !resourceVersion.isEmpty else {
            throw DecodingError.dataCorruptedError(
                forKey: .resourceVersion, in: metadata, debugDescription: "no resourceVersion")
        }
        items = try members.decodeIfPresent([Item].self, forKey: .items) ?? []
    }
}
