/// What identifies an object among those of its kind: its namespace (empty for Nodes) and its name.
public struct ObjectKey: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// metadata.namespace; empty for kinds without one.
    public let namespace: String
    /// metadata.name.
    public let name: String

    /// The key of the object `name` in `namespace`.
    public init(namespace: String, name: String) {
        self.namespace = namespace
        self.name = name
    }

    /// Whether `left` comes before `right`.
    public static func < (left: ObjectKey, right: ObjectKey) -> Bool {
        (left.namespace, left.name) < (right.namespace, right.name)
    }

    /// `namespace/name`, or the name alone where there is no namespace.
    public var description: String {
        namespace.isEmpty ? name : "\(namespace)/\(name)"
    }
}
