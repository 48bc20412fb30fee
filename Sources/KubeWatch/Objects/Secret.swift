/// The part of core/v1 Secret that lbd uses.
public struct Secret: Hashable, Sendable {
    /// Namespace, name, uid and resourceVersion.
    public var metadata: ObjectMeta
    /// The decoded bytes of data["secretkey"]; nil where the key is missing.
    public var secretKey: [UInt8]?

    /// A Secret with these fields.
    public init(metadata: ObjectMeta, secretKey: [UInt8]?) {
        self.metadata = metadata
        self.secretKey = secretKey
    }
}
