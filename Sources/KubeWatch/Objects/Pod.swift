/// The part of core/v1 Pod that lbd uses.
public struct Pod: Hashable, Sendable {
    /// Namespace, name, uid and resourceVersion.
    public var metadata: ObjectMeta
    /// status.phase: `Pending`, `Running`, `Succeeded`, `Failed` or `Unknown`; empty where unset.
    public var phase: String
    /// metadata.deletionTimestamp is set: the Pod is being ended.
    public var isBeingDeleted: Bool

    /// A Pod with these fields.
    public init(metadata: ObjectMeta, phase: String, isBeingDeleted: Bool = false) {
        self.metadata = metadata
        self.phase = phase
        self.isBeingDeleted = isBeingDeleted
    }
}
