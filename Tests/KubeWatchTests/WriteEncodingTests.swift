import Testing
import Wire

@testable import KubeWatch

/// Writes as literal requests.
@Suite struct WriteEncodingTests {
    static let wallTime = "2026-11-24T00:00:00.123456Z"

    private func encode(_ write: Write) throws -> (method: Request.Method, path: String, type: String, body: String) {
        var rng = PRNG(seed: 1)
        let encoded = try #require(write.encoded(wallTime: Self.wallTime, using: &rng))
        let body = encoded.body
        return (encoded.method, encoded.path, body.contentType, String(decoding: body.bytes, as: UTF8.self))
    }

    private static let service = ObjectMeta(
        key: ObjectKey(namespace: "kube-verify", name: "kube-verify"), uid: "8c6a", resourceVersion: "812")

    @Test func aStatusIsAConditionalMergePatch() throws {
        let request = try encode(.serviceStatus(Self.service, ingress: ["192.168.2.129", "fd00::240"]))
        #expect(request.method == .patch)
        #expect(request.path == "/api/v1/namespaces/kube-verify/services/kube-verify/status")
        #expect(request.type == "application/merge-patch+json")
        #expect(
            request.body
                == #"{"metadata":{"resourceVersion":"812"},"status":{"loadBalancer":{"ingress":[{"ip":"192.168.2.129"},"#
                + #"{"ip":"fd00::240"}]}}}"#)
    }

    @Test func anEmptyStatusIsRemoved() throws {
        let request = try encode(.serviceStatus(Self.service, ingress: []))
        #expect(
            request.body == #"{"metadata":{"resourceVersion":"812"},"status":{"loadBalancer":{"ingress":null}}}"#)
    }

    private static let lease = Lease(
        metadata: ObjectMeta(key: ObjectKey(namespace: "lbd-system", name: "lbd-node-pi1"), resourceVersion: "9"),
        addresses: "192.168.2.11/24", holderIdentity: "pi1", durationSeconds: 40, transitions: 2)

    @Test func aLeaseIsCreatedAsClientGoDoes() throws {
        let request = try encode(.createLease(Self.lease))
        #expect(request.method == .post)
        #expect(request.path == "/apis/coordination.k8s.io/v1/namespaces/lbd-system/leases")
        #expect(request.type == "application/json")
        #expect(
            request.body
                == #"{"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"annotations":"#
                + #"{"lbd.io/addresses":"192.168.2.11/24"},"name":"lbd-node-pi1","namespace":"lbd-system"},"#
                + #""spec":{"acquireTime":"2026-11-24T00:00:00.123456Z","holderIdentity":"pi1","#
                + #""leaseDurationSeconds":40,"leaseTransitions":2,"renewTime":"2026-11-24T00:00:00.123456Z"}}"#)
    }

    @Test func aRenewalKeepsTheTimeOfAcquisition() throws {
        let request = try encode(.updateLease(Self.lease, acquiring: false))
        #expect(request.method == .patch)
        #expect(request.path == "/apis/coordination.k8s.io/v1/namespaces/lbd-system/leases/lbd-node-pi1")
        #expect(request.type == "application/merge-patch+json")
        #expect(
            request.body
                == #"{"metadata":{"annotations":{"lbd.io/addresses":"192.168.2.11/24"},"resourceVersion":"9"},"#
                + #""spec":{"holderIdentity":"pi1","leaseDurationSeconds":40,"leaseTransitions":2,"#
                + #""renewTime":"2026-11-24T00:00:00.123456Z"}}"#)
    }

    @Test func anAcquisitionSetsBothTimes() throws {
        let request = try encode(.updateLease(Self.lease, acquiring: true))
        #expect(request.body.contains(#""acquireTime":"2026-11-24T00:00:00.123456Z""#))
        #expect(request.body.contains(#""renewTime":"2026-11-24T00:00:00.123456Z""#))
    }

    @Test func aLeaseIsDeletedOnlyInTheCopyAtHand() throws {
        var metadata = Self.lease.metadata
        metadata.uid = "77"
        let request = try encode(.deleteLease(metadata))
        #expect(request.method == .delete)
        #expect(request.path == "/apis/coordination.k8s.io/v1/namespaces/lbd-system/leases/lbd-node-pi1")
        #expect(
            request.body
                == #"{"apiVersion":"v1","kind":"DeleteOptions","preconditions":{"resourceVersion":"9","uid":"77"}}"#)
    }

    @Test func anEventNamesItsObject() throws {
        let record = EventRecord(
            kind: .service, object: Self.service, level: .normal, reason: "IPAllocated",
            message: #"Assigned IP "192.168.2.129""#)
        let request = try encode(.event(record))
        #expect(request.method == .post)
        #expect(request.path == "/api/v1/namespaces/kube-verify/events")
        // SplitMix64's first output for the seed 1.
        #expect(
            request.body
                == #"{"apiVersion":"v1","count":1,"firstTimestamp":"2026-11-24T00:00:00Z","involvedObject":"#
                + #"{"apiVersion":"v1","kind":"Service","name":"kube-verify","namespace":"kube-verify","#
                + #""resourceVersion":"812","uid":"8c6a"},"kind":"Event","lastTimestamp":"2026-11-24T00:00:00Z","#
                + #""message":"Assigned IP \"192.168.2.129\"","metadata":{"name":"kube-verify.910a2dec89025cc1","#
                + #""namespace":"kube-verify"},"reason":"IPAllocated","reportingComponent":"lbd","#
                + #""reportingInstance":"","source":{"component":"lbd"},"type":"Normal"}"#)
    }

    @Test func anEventAboutANodeStandsInTheDefaultNamespace() throws {
        let node = ObjectMeta(key: ObjectKey(namespace: "", name: "gooseberry"), uid: "1", resourceVersion: "2")
        let request = try encode(
            .event(EventRecord(kind: .node, object: node, level: .warning, reason: "Odd", message: "odd")))
        #expect(request.path == "/api/v1/namespaces/default/events")
        #expect(
            request.body.contains(
                #""involvedObject":{"apiVersion":"v1","kind":"Node","name":"gooseberry","resourceVersion":"2","uid":"1"}"#
            ))
    }

    @Test func aSecretIsCreated() throws {
        let metadata = ObjectMeta(key: ObjectKey(namespace: "metallb-system", name: "memberlist"))
        let request = try encode(.createSecret(Secret(metadata: metadata, secretKey: Array("YWJj\n".utf8))))
        #expect(request.method == .post)
        #expect(request.path == "/api/v1/namespaces/metallb-system/secrets")
        #expect(request.type == "application/json")
        #expect(
            request.body
                == #"{"apiVersion":"v1","data":{"secretkey":"WVdKago="},"kind":"Secret","metadata":{"name":"memberlist","#
                + #""namespace":"metallb-system"},"type":"Opaque"}"#)
    }

    @Test func anEventKeepsWithinTheServersLimits() throws {
        let long = String(repeating: "a", count: 253)
        let object = ObjectMeta(key: ObjectKey(namespace: "x", name: long))
        let message = String(repeating: "m", count: 2000)
        let request = try encode(
            .event(EventRecord(kind: .configMap, object: object, level: .warning, reason: "R", message: message)))
        #expect(request.body.contains(#""name":"\#(long.prefix(236)).910a2dec89025cc1""#))
        #expect(request.body.contains("\"" + String(repeating: "m", count: 1024) + "\""))
    }

    @Test func namesAreEncodedInPaths() throws {
        let object = ObjectMeta(key: ObjectKey(namespace: "a/b", name: "c?d ä"))
        #expect(
            try encode(.serviceStatus(object, ingress: [])).path
                == "/api/v1/namespaces/a%2Fb/services/c%3Fd%20%C3%A4/status")
    }
}
