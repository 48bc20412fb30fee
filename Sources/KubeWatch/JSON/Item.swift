/// One object of a list, or of a watch event, of the decoder's schema. One that cannot be read fails alone, not with
/// the list that it is in.
enum Item: Decodable {
    case object(Object)
    /// Not the JSON that its schema says; its key where at least that can be read.
    case unreadable(ObjectKey?)

    private enum CodingKeys: String, CodingKey {
        case kind, metadata
    }

    init(from decoder: any Decoder) throws {
        let schema = try Schema.current(decoder)
        guard let members = try? decoder.container(keyedBy: CodingKeys.self),
            let metadata = try? members.decode(Metadata.self, forKey: .metadata)
        else {
            self = .unreadable(nil)
            return
        }
        let key = metadata.identity.key
        // The objects of a list bear no kind of their own; those of a watch do.
        let kind = try? members.decodeIfPresent(String.self, forKey: .kind)
        guard !key.name.isEmpty, kind == nil || kind == schema.kindName else {
            self = .unreadable(nil)
            return
        }
        do {
            self = .object(try schema.object(metadata, from: decoder))
        } catch {
            self = .unreadable(key)
        }
    }
}
