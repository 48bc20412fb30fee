/// A write to the API server. Each goes out once; whether to try again is its sender's decision.
public enum Write: Hashable, Sendable {
    /// Merge-patch of the Service's status: its whole loadBalancer.ingress becomes `ingress`. Conditional on
    /// metadata.resourceVersion.
    case serviceStatus(ObjectMeta, ingress: [String])
    /// POST of a new Lease. Its acquireTime and renewTime are set from the wall clock as the write goes out.
    case createLease(Lease)
    /// Merge-patch of a Lease's spec and of its addresses annotation, conditional on metadata.resourceVersion. Its
    /// renewTime, and where `acquiring` its acquireTime, are set from the wall clock as the write goes out.
    case updateLease(Lease, acquiring: Bool)
    /// DELETE of a Lease, conditional on metadata.resourceVersion.
    case deleteLease(ObjectMeta)
    /// POST of a new Secret of the type Opaque.
    case createSecret(Secret)
    /// POST of a core/v1 Event.
    case event(EventRecord)
    /// GET of a Service list with quorum (no resourceVersion), told as `Change`s and ended by its outcome: what a new
    /// leader needs before it decides.
    case relistServices
}

/// A core/v1 Event about an object, with the component `lbd`.
public struct EventRecord: Hashable, Sendable {
    /// The severity that `kubectl describe` shows.
    public enum Level: String, Hashable, Sendable {
        case normal = "Normal"
        case warning = "Warning"
    }

    /// The kind of the object that the Event is about.
    public var kind: Kind
    /// That object's metadata; uid and resourceVersion go into involvedObject.
    public var object: ObjectMeta
    /// Normal or Warning.
    public var level: Level
    /// One CamelCase word for machines.
    public var reason: String
    /// One sentence for people.
    public var message: String

    /// An Event about the object `object` of `kind`.
    public init(kind: Kind, object: ObjectMeta, level: Level, reason: String, message: String) {
        self.kind = kind
        self.object = object
        self.level = level
        self.reason = reason
        self.message = message
    }
}

/// How a write ended.
public enum Outcome: Hashable, Sendable {
    /// Done. `metadata` is the written object's, with its new resourceVersion; nil where the answer carries none.
    case done(ObjectMeta?)
    /// 409: the object changed since the copy that the write was based on, or (create) exists already.
    case conflict
    /// 404: the object, or its namespace, does not exist.
    case notFound
    /// 401 or 403: the credentials do not allow it. `message` is the server's.
    case forbidden(message: String)
    /// Any other 4xx: repeating the same write will not help.
    case rejected(status: Int, message: String)
    /// 429 or 5xx: not now. `after` is the server's Retry-After, if it sent one.
    case busy(after: Duration?)
    /// No answer within the time-out, or the connection broke after the write was sent: it may or may not have
    /// happened, and may still happen until the connection's request time-out has passed.
    case unanswered(reason: String)
}
