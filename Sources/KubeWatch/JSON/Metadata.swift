/// The members of metav1.ObjectMeta that are read.
struct Metadata: Decodable {
    /// Namespace, name, uid and resourceVersion.
    let identity: ObjectMeta
    /// Annotations under one of `annotationPrefixes`.
    let annotations: [String: String]
    /// Labels whose key is one of `labelKeys`.
    let labels: [String: String]
    /// deletionTimestamp is set.
    let isBeingDeleted: Bool

    /// What the keys of annotations that lbd reads begin with; others can be large, and are not kept.
    static let annotationPrefixes = ["metallb.universe.tf/", "metallb.io/", Lease.addressesAnnotation]
    /// The labels that lbd reads.
    static let labelKeys: Set = [EndpointSlice.serviceLabel, Node.exclusionLabel]

    private enum CodingKeys: String, CodingKey {
        case name, namespace, uid, resourceVersion, annotations, labels, deletionTimestamp
    }

    init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        let key = ObjectKey(
            namespace: try members.decodeIfPresent(String.self, forKey: .namespace) ?? "",
            name: try members.decode(String.self, forKey: .name))
        identity = ObjectMeta(
            key: key, uid: try members.decodeIfPresent(String.self, forKey: .uid) ?? "",
            resourceVersion: try members.decodeIfPresent(String.self, forKey: .resourceVersion) ?? "")
        annotations = try Self.strings(members, .annotations) { key in
            Self.annotationPrefixes.contains { key.hasPrefix($0) }
        }
        labels = try Self.strings(members, .labels, where: Self.labelKeys.contains)
        isBeingDeleted = try members.decodeIfPresent(String.self, forKey: .deletionTimestamp) != nil
    }

    /// The entries of a map of strings whose keys matter.
    private static func strings(
        _ members: KeyedDecodingContainer<CodingKeys>, _ key: CodingKeys, where matters: (String) -> Bool
    ) throws -> [String: String] {
        guard members.contains(key), try !members.decodeNil(forKey: key) else { return [:] }
        let map = try members.nestedContainer(keyedBy: MapKey.self, forKey: key)
        var result: [String: String] = [:]
        for entry in map.allKeys where matters(entry.stringValue) {
            result[entry.stringValue] = try map.decode(String.self, forKey: entry)
        }
        return result
    }

    /// A key of a map.
    private struct MapKey: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }

        init(stringValue: String) {
            self.stringValue = stringValue
        }

        init?(intValue: Int) {
            nil
        }
    }
}
