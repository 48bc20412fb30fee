/// A collection of the API that can be listed and watched.
struct Resource: Hashable, Sendable {
    /// The collection's path.
    var path: String
    /// A query that narrows it down; empty for all of it.
    var selector = ""
    /// How its objects are written.
    var schema: Schema

    /// Path and query of a page of a list. Without a resourceVersion the server answers with what a quorum of etcd knows.
    func list(limit: Int, continuation: String?) -> String {
        var query = selector.isEmpty ? "limit=\(limit)" : "\(selector)&limit=\(limit)"
        if let continuation {
            query += "&continue=\(continuation.percentEncoded)"
        }
        return "\(path)?\(query)"
    }

    /// Path and query of a watch for everything after `resourceVersion`.
    func watch(from resourceVersion: String, timeoutSeconds: Int) -> String {
        let query =
            "watch=1&allowWatchBookmarks=true&resourceVersion=\(resourceVersion.percentEncoded)"
            + "&timeoutSeconds=\(timeoutSeconds)"
        return selector.isEmpty ? "\(path)?\(query)" : "\(path)?\(selector)&\(query)"
    }
}

/// Which of its forms the server has EndpointSlices in.
enum Discovery {
    /// Asks for the versions of the group.
    static let path = "/apis/discovery.k8s.io"

    /// What the answer says: v1, else v1beta1, else Endpoints where the server has none of these; nil where the answer
    /// says nothing.
    static func resource(_ answer: Answer) -> Resource? {
        switch answer.status {
        case 404: return endpoints
        case 200:
            guard let versions = APIGroup(answer.body)?.versions else { return nil }
            let known = ["v1", "v1beta1"].first(where: versions.contains)
            return known.map { Resource(path: "\(path)/\($0)/endpointslices", schema: .endpointSlice) } ?? endpoints
        default: return nil
        }
    }

    private static let endpoints = Resource(path: "/api/v1/endpoints", schema: .endpoints)
}
