extension Lease {
    /// The annotation that carries the holder's LAN addresses.
    static let addressesAnnotation = "lbd.io/addresses"

    private enum CodingKeys: String, CodingKey {
        case spec
    }

    private struct Spec: Decodable {
        let holderIdentity: String?
        let leaseDurationSeconds: Int?
        let acquireTime: String?
        let renewTime: String?
        let leaseTransitions: Int?
    }

    /// Reads coordination.k8s.io/v1 Lease.
    init(_ metadata: Metadata, from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        let spec = try members.decodeIfPresent(Spec.self, forKey: .spec)
        self.init(
            metadata: metadata.identity, addresses: metadata.annotations[Self.addressesAnnotation],
            holderIdentity: spec?.holderIdentity ?? "", durationSeconds: spec?.leaseDurationSeconds ?? 0,
            acquireTime: spec?.acquireTime, renewTime: spec?.renewTime, transitions: spec?.leaseTransitions ?? 0)
    }
}
