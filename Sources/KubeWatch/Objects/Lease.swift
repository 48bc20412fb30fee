/// The part of coordination.k8s.io/v1 Lease that lbd uses.
public struct Lease: Hashable, Sendable {
    /// Namespace, name, uid and resourceVersion.
    public var metadata: ObjectMeta
    /// metadata.annotations["lbd.io/addresses"]: the holder's LAN addresses with prefix lengths, joined by commas;
    /// nil where unset.
    public var addresses: String?
    /// spec.holderIdentity; empty where unset or released.
    public var holderIdentity: String
    /// spec.leaseDurationSeconds.
    public var durationSeconds: Int
    /// spec.acquireTime: RFC 3339 with microseconds; nil where unset. For people to read; never compared.
    public var acquireTime: String?
    /// spec.renewTime, likewise.
    public var renewTime: String?
    /// spec.leaseTransitions.
    public var transitions: Int

    /// A Lease with these fields.
    public init(
        metadata: ObjectMeta, addresses: String? = nil, holderIdentity: String = "", durationSeconds: Int = 0,
        acquireTime: String? = nil, renewTime: String? = nil, transitions: Int = 0
    ) {
        self.metadata = metadata
        self.addresses = addresses
        self.holderIdentity = holderIdentity
        self.durationSeconds = durationSeconds
        self.acquireTime = acquireTime
        self.renewTime = renewTime
        self.transitions = transitions
    }
}
