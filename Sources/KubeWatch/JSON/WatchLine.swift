/// One line of a watch: metav1.WatchEvent.
enum WatchLine: Decodable {
    /// ADDED or MODIFIED.
    case upserted(Item, resourceVersion: String?)
    /// DELETED.
    case deleted(ObjectKey, resourceVersion: String?)
    /// BOOKMARK: everything up to this resourceVersion has been told.
    case bookmark(resourceVersion: String)
    /// ERROR: the watch is over.
    case error(StatusAnswer)

    private enum CodingKeys: String, CodingKey {
        case type, object
    }

    private enum ObjectKeys: String, CodingKey {
        case metadata
    }

    private struct Version: Decodable {
        let resourceVersion: String?
    }

    init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        let type = try members.decode(String.self, forKey: .type)
        if type == "ERROR" {
            self = .error(try members.decode(StatusAnswer.self, forKey: .object))
            return
        }
        let object = try members.nestedContainer(keyedBy: ObjectKeys.self, forKey: .object)
        let version = try object.decode(Version.self, forKey: .metadata).resourceVersion
        switch type {
        case "ADDED", "MODIFIED":
            self = .upserted(try members.decode(Item.self, forKey: .object), resourceVersion: version)
        case "DELETED":
            let metadata = try object.decode(Metadata.self, forKey: .metadata)
            self = .deleted(metadata.identity.key, resourceVersion: version)
        case "BOOKMARK":
            guard let version, !version.isEmpty else {
                throw DecodingError.dataCorruptedError(
                    forKey: .object, in: members, debugDescription: "a bookmark without a resourceVersion")
            }
            self = .bookmark(resourceVersion: version)
        default:
            throw DecodingError.dataCorruptedError(
                forKey: .type, in: members, debugDescription: "no type of a watch event")
        }
    }
}
