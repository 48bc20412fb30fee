/// The part of core/v1 ConfigMap that lbd uses.
public struct ConfigMap: Hashable, Sendable {
    /// Namespace, name, uid and resourceVersion.
    public var metadata: ObjectMeta
    /// data["config"]; nil where the key is missing.
    public var config: String?

    /// A ConfigMap with these fields.
    public init(metadata: ObjectMeta, config: String?) {
        self.metadata = metadata
        self.config = config
    }
}
