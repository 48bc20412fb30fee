/// The part of metav1.ObjectMeta that lbd uses.
public struct ObjectMeta: Hashable, Sendable {
    /// Namespace and name.
    public var key: ObjectKey
    /// metadata.uid: tells an object from a later one of the same name.
    public var uid: String
    /// metadata.resourceVersion of the copy at hand; sent back with a write, it makes the write conditional.
    public var resourceVersion: String

    /// Metadata with these fields.
    public init(key: ObjectKey, uid: String = "", resourceVersion: String = "") {
        self.key = key
        self.uid = uid
        self.resourceVersion = resourceVersion
    }
}
