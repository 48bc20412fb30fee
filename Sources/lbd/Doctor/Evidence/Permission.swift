import FoundationEssentials

/// One verb on one kind of objects, as a rule of Kubernetes's RBAC gives it.
struct Permission: Hashable, CustomStringConvertible {
    /// `list`, `watch`, `create` and the like.
    var verb: String
    /// The API group; empty for the core's.
    var group: String
    /// The resource, in the plural, without the subresource.
    var resource: String
    /// The part of it, such as `status`; nil for the whole.
    var subresource: String?
    /// The namespace; nil for all.
    var namespace: String?
    /// The only object; nil for all.
    var name: String?

    var description: String {
        let what = subresource.map { "\(resource)/\($0)" } ?? resource
        let one = name.map { " \"\($0)\"" } ?? ""
        let place = namespace.map { " in the namespace \($0)" } ?? ""
        return "\(verb) \(what)\(one)\(place)"
    }

    /// A SelfSubjectAccessReview of authorization.k8s.io/v1, which asks whether whoever sends it has the permission.
    var review: [UInt8] {
        let attributes = Review.Attributes(
            verb: verb, group: group, resource: resource, subresource: subresource, namespace: namespace, name: name)
        let review = Review(spec: Review.Spec(resourceAttributes: attributes))
        // Texts always have a JSON form.
        return (try? JSONEncoder().encode(review)).map { Array($0) } ?? []
    }

    /// What the answer to a review says; nil for anything else.
    static func isAllowed(_ answer: [UInt8]) -> Bool? {
        struct Answer: Decodable {
            struct Status: Decodable {
                let allowed: Bool
            }
            let status: Status
        }
        return (try? JSONDecoder().decode(Answer.self, from: Data(answer)))?.status.allowed
    }

    private struct Review: Encodable {
        struct Attributes: Encodable {
            var verb: String
            var group: String
            var resource: String
            var subresource: String?
            var namespace: String?
            var name: String?
        }

        struct Spec: Encodable {
            var resourceAttributes: Attributes
        }

        var apiVersion = "authorization.k8s.io/v1"
        var kind = "SelfSubjectAccessReview"
        var spec: Spec
    }
}
