import FoundationEssentials

/// metav1.APIGroup: the versions of one API group that the server has.
struct APIGroup: Decodable {
    /// The versions' names, such as `v1beta1`, in the server's order.
    let versions: [String]

    private enum CodingKeys: String, CodingKey {
        case kind, versions
    }

    private struct Version: Decodable {
        let version: String
    }

    init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        guard try members.decode(String.self, forKey: .kind) == "APIGroup" else {
            throw DecodingError.dataCorruptedError(forKey: .kind, in: members, debugDescription: "not an APIGroup")
        }
        versions = try (members.decodeIfPresent([Version].self, forKey: .versions) ?? []).map(\.version)
    }

    /// The group in the body of an answer; nil for anything else.
    init?(_ bytes: [UInt8]) {
        guard let group = try? JSONDecoder().decode(APIGroup.self, from: Data(bytes)) else { return nil }
        self = group
    }
}
