/// What the watch tells the rest of the daemon about the cluster.
public enum Change: Hashable, Sendable {
    /// The object is new, or differs from the copy told before, or was listed again.
    case upserted(Object)
    /// The object is gone. Also told of an object that a new list no longer holds.
    case deleted(Kind, ObjectKey)
    /// A complete list of the kind has been told, together with what vanished since the last one. Told after each list.
    case synced(Kind)
    /// The kind's watch broke or its list failed; what is known may be old until the next `synced`. `reason` is for people.
    case interrupted(Kind, reason: String)
    /// 403: the server does not let us list or watch the kind; what is known may be old until the next `synced`. `message`
    /// is the server's.
    case forbidden(Kind, message: String)
    /// Whether the server has MetalLB's custom resources (API group `metallb.io`), which lbd does not read. Told once that
    /// is known, and when it changes.
    case metalLBResources(areServed: Bool)
}
