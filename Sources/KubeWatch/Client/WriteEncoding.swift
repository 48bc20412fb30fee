import FoundationEssentials
import Wire

extension Write {
    /// The limits that the API server sets on an Event.
    private enum EventLimit {
        static let nameCharacters = 253
        static let messageCharacters = 1024
    }

    /// What to send for this write: method, path and body. `wallTime` is the wall clock as RFC 3339 with microseconds,
    /// for people who read Leases and Events. Nil for a list, which is no single request.
    func encoded(wallTime: String, using rng: inout PRNG) -> (method: Request.Method, path: String, body: Request.Body)?
    {
        switch self {
        case .serviceStatus(let metadata, let ingress):
            let addresses = ingress.map { JSONValue.object(["ip": .string($0)]) }
            let path = Self.path("/api/v1", metadata.key.namespace, "services", metadata.key.name) + "/status"
            return (
                .patch, path,
                Self.mergePatch([
                    "metadata": ["resourceVersion": .string(metadata.resourceVersion)],
                    "status": ["loadBalancer": ["ingress": addresses.isEmpty ? .null : .array(addresses)]],
                ])
            )
        case .createLease(let lease):
            return (
                .post, Self.path(Self.leaseGroup, lease.metadata.key.namespace, "leases"),
                Self.json(Self.newLease(lease, wallTime: wallTime))
            )
        case .updateLease(let lease, let isAcquiring):
            return (
                .patch, Self.path(Self.leaseGroup, lease.metadata.key.namespace, "leases", lease.metadata.key.name),
                Self.mergePatch([
                    "metadata": [
                        "resourceVersion": .string(lease.metadata.resourceVersion),
                        "annotations": [Lease.addressesAnnotation: JSONValue(lease.addresses)],
                    ],
                    "spec": .object(Self.spec(lease, wallTime: wallTime, isAcquiring: isAcquiring)),
                ])
            )
        case .deleteLease(let metadata):
            return (
                .delete, Self.path(Self.leaseGroup, metadata.key.namespace, "leases", metadata.key.name),
                Self.json(Self.deleteOptions(metadata))
            )
        case .createSecret(let secret):
            return (
                .post, Self.path("/api/v1", secret.metadata.key.namespace, "secrets"), Self.json(Self.newSecret(secret))
            )
        case .event(let record):
            let namespace = record.object.key.namespace.isEmpty ? "default" : record.object.key.namespace
            return (
                .post, Self.path("/api/v1", namespace, "events"),
                Self.json(Self.event(record, in: namespace, wallTime: wallTime, using: &rng))
            )
        case .relistServices:
            return nil
        }
    }

    private static let leaseGroup = "/apis/coordination.k8s.io/v1"

    private static func path(_ group: String, _ namespace: String, _ resource: String, _ name: String? = nil) -> String
    {
        let collection = "\(group)/namespaces/\(namespace.percentEncoded)/\(resource)"
        return name.map { "\(collection)/\($0.percentEncoded)" } ?? collection
    }

    private static func json(_ value: JSONValue) -> Request.Body {
        Request.Body(contentType: "application/json", bytes: value.bytes)
    }

    /// RFC 7396.
    private static func mergePatch(_ value: JSONValue) -> Request.Body {
        Request.Body(contentType: "application/merge-patch+json", bytes: value.bytes)
    }

    /// The members of a Lease's spec as client-go's LeaseLock writes them.
    private static func spec(_ lease: Lease, wallTime: String, isAcquiring: Bool) -> [String: JSONValue] {
        var spec: [String: JSONValue] = [
            "holderIdentity": .string(lease.holderIdentity),
            "leaseDurationSeconds": .integer(lease.durationSeconds),
            "leaseTransitions": .integer(lease.transitions),
            "renewTime": .string(wallTime),
        ]
        if isAcquiring {
            spec["acquireTime"] = .string(wallTime)
        }
        return spec
    }

    private static func newLease(_ lease: Lease, wallTime: String) -> JSONValue {
        var metadata: [String: JSONValue] = [
            "name": .string(lease.metadata.key.name), "namespace": .string(lease.metadata.key.namespace),
        ]
        if let addresses = lease.addresses {
            metadata["annotations"] = [Lease.addressesAnnotation: .string(addresses)]
        }
        return [
            "apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": .object(metadata),
            "spec": .object(spec(lease, wallTime: wallTime, isAcquiring: true)),
        ]
    }

    private static func newSecret(_ secret: Secret) -> JSONValue {
        let metadata: JSONValue = [
            "name": .string(secret.metadata.key.name), "namespace": .string(secret.metadata.key.namespace),
        ]
        let data = secret.secretKey.map { ["secretkey": JSONValue.string(Data($0).base64EncodedString())] } ?? [:]
        return ["apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": "Opaque", "data": .object(data)]
    }

    private static func deleteOptions(_ metadata: ObjectMeta) -> JSONValue {
        var preconditions: [String: JSONValue] = ["resourceVersion": .string(metadata.resourceVersion)]
        if !metadata.uid.isEmpty {
            preconditions["uid"] = .string(metadata.uid)
        }
        return ["apiVersion": "v1", "kind": "DeleteOptions", "preconditions": .object(preconditions)]
    }

    private static func event(
        _ record: EventRecord, in namespace: String, wallTime: String, using rng: inout PRNG
    ) -> JSONValue {
        let digits = String(rng.next(), radix: 16)
        let suffix = "." + String(repeating: "0", count: 16 - digits.count) + digits
        let name = record.object.key.name.prefix(EventLimit.nameCharacters - suffix.count) + suffix
        // metav1.Time has no fractions, unlike a Lease's MicroTime.
        let seconds = (wallTime.split(separator: ".").first.map(String.init) ?? wallTime) + "Z"
        let timestamp = JSONValue.string(wallTime.contains(".") ? seconds : wallTime)
        var about: [String: JSONValue] = [
            "kind": .string(record.kind.rawValue), "apiVersion": .string(record.kind.apiVersion),
            "name": .string(record.object.key.name), "uid": .string(record.object.uid),
            "resourceVersion": .string(record.object.resourceVersion),
        ]
        if !record.object.key.namespace.isEmpty {
            about["namespace"] = .string(record.object.key.namespace)
        }
        return [
            "apiVersion": "v1", "kind": "Event",
            "metadata": ["name": .string(String(name)), "namespace": .string(namespace)],
            "involvedObject": .object(about), "type": .string(record.level.rawValue),
            "reason": .string(record.reason),
            "message": .string(String(record.message.prefix(EventLimit.messageCharacters))),
            "source": ["component": "lbd"], "reportingComponent": "lbd", "reportingInstance": "",
            "count": 1, "firstTimestamp": timestamp, "lastTimestamp": timestamp,
        ]
    }
}

extension Kind {
    /// The API version that references to an object of the kind carry.
    fileprivate var apiVersion: String {
        switch self {
        case .service, .node, .configMap, .pod, .secret: "v1"
        case .endpointSlice: "discovery.k8s.io/v1"
        case .lease: "coordination.k8s.io/v1"
        }
    }
}
