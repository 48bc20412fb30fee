import Testing
import Wire

@testable import KubeWatch

/// Objects as real API servers write them.
@Suite struct CodecTests {
    private func decode(_ schema: Schema, _ json: String) throws -> Object? {
        guard case .object(let object) = try schema.decode(Item.self, from: Array(json.utf8)) else { return nil }
        return object
    }

    private func meta(_ namespace: String, _ name: String, _ uid: String, _ version: String) -> ObjectMeta {
        ObjectMeta(key: ObjectKey(namespace: namespace, name: name), uid: uid, resourceVersion: version)
    }

    /// Kubernetes 1.20.2, `kubectl expose --type=LoadBalancer`.
    @Test func aServiceOf120IsRead() throws {
        let json = #"""
            {"kind":"Service","apiVersion":"v1","metadata":{"name":"kube-verify","namespace":"kube-verify",
            "uid":"6c4e1a0c-6b2f-4b0e-8a64-0f4d6f2f2a11","resourceVersion":"412","creationTimestamp":"2026-11-24T00:00:00Z",
            "annotations":{"metallb.universe.tf/address-pool":"address-pool-1","lbd.io/addresses":"x",
            "kubectl.kubernetes.io/last-applied-configuration":"{\"apiVersion\":\"v1\"}\n"},
            "managedFields":[{"manager":"kubectl-expose","operation":"Update","apiVersion":"v1","time":"2026-11-24T00:00:00Z",
            "fieldsType":"FieldsV1","fieldsV1":{"f:spec":{"f:externalTrafficPolicy":{},"f:ports":{".":{},
            "k:{\"port\":80,\"protocol\":\"TCP\"}":{".":{},"f:port":{}}}}}}]},
            "spec":{"ports":[{"protocol":"TCP","port":80,"targetPort":8080,"nodePort":31491},{"port":53,"protocol":"UDP",
            "targetPort":"dns"}],"selector":{"app":"kube-verify"},"clusterIP":"10.0.0.58","clusterIPs":["10.0.0.58"],
            "type":"LoadBalancer","loadBalancerIP":"192.168.2.130","sessionAffinity":"None",
            "externalTrafficPolicy":"Cluster"},"status":{"loadBalancer":{"ingress":[{"ip":"192.168.2.130"}]}}}
            """#
        let service = Service(
            metadata: meta("kube-verify", "kube-verify", "6c4e1a0c-6b2f-4b0e-8a64-0f4d6f2f2a11", "412"),
            annotations: ["metallb.universe.tf/address-pool": "address-pool-1"], loadBalancerIP: "192.168.2.130",
            ipFamilies: [], clusterIP: "10.0.0.58", ports: [.init(.tcp, 80), .init(.udp, 53)],
            selector: ["app": "kube-verify"], ingress: [.ip("192.168.2.130")])
        #expect(try decode(.service, json) == .service(service))
    }

    /// Kubernetes 1.36.
    @Test func aServiceOfANewServerIsRead() throws {
        let json = #"""
            {"metadata":{"name":"web","namespace":"default","uid":"9f","resourceVersion":"90","deletionTimestamp":
            "2026-11-24T00:00:00Z","deletionGracePeriodSeconds":0,"finalizers":["service.kubernetes.io/load-balancer-cleanup"],
            "annotations":{"metallb.io/allow-shared-ip":"k"},"labels":{"app":"web"}},
            "spec":{"ports":[{"name":"q","protocol":"SCTP","appProtocol":"x","port":443,"targetPort":443,"nodePort":30000}],
            "clusterIP":"fd00::1","clusterIPs":["fd00::1","10.0.0.1"],"type":"LoadBalancer","sessionAffinity":"None",
            "externalTrafficPolicy":"Local","healthCheckNodePort":32000,"ipFamilies":["IPv6","IPv4"],
            "ipFamilyPolicy":"RequireDualStack","allocateLoadBalancerNodePorts":true,"loadBalancerClass":"example.com/lbd",
            "internalTrafficPolicy":"Cluster","trafficDistribution":"PreferClose"},
            "status":{"loadBalancer":{"ingress":[{"ip":"fd00::240","ipMode":"VIP","ports":[{"port":443,"protocol":"SCTP"}]},
            {"hostname":"pi1.local"},{}]},"conditions":[]}}
            """#
        let service = Service(
            metadata: meta("default", "web", "9f", "90"), annotations: ["metallb.io/allow-shared-ip": "k"],
            isBeingDeleted: true, loadBalancerClass: "example.com/lbd", isTrafficLocal: true,
            ipFamilies: ["IPv6", "IPv4"], ipFamilyPolicy: .requireDual, clusterIP: "fd00::1",
            ports: [.init(.sctp, 443)], ingress: [.ip("fd00::240"), .hostname("pi1.local")])
        #expect(try decode(.service, json) == .service(service))
    }

    @Test func nullsAndMissingMembersAreDefaults() throws {
        let bare = Service(metadata: meta("d", "a", "", ""), isLoadBalancer: false, ipFamilies: [])
        let null =
            #"{"metadata":{"name":"a","namespace":"d","annotations":null,"labels":null,"deletionTimestamp":null},"#
            + #""spec":{"ports":null,"selector":null,"type":"ClusterIP","loadBalancerIP":""},"#
            + #""status":{"loadBalancer":{"ingress":null}}}"#
        #expect(try decode(.service, null) == .service(bare))
        #expect(try decode(.service, #"{"metadata":{"name":"a","namespace":"d"}}"#) == .service(bare))
        let slice = EndpointSlice(metadata: meta("d", "a", "", ""), serviceName: "", endpoints: [])
        #expect(
            try decode(.endpointSlice, #"{"metadata":{"name":"a","namespace":"d"},"endpoints":null}"#)
                == .endpointSlice(slice))
        #expect(try decode(.node, #"{"metadata":{"name":"a"}}"#) == .node(Node(metadata: meta("", "a", "", ""))))
    }

    @Test func anEndpointSliceV1IsRead() throws {
        let json = #"""
            {"metadata":{"name":"web-x7k2p","generateName":"web-","namespace":"default","uid":"1","resourceVersion":"2",
            "labels":{"kubernetes.io/service-name":"web","endpointslice.kubernetes.io/managed-by":"x"}},
            "addressType":"IPv4","endpoints":[
            {"addresses":["10.1.0.1"],"conditions":{"ready":true,"serving":true,"terminating":false},"nodeName":"pi1"},
            {"addresses":["10.1.0.2"],"conditions":{"ready":false,"serving":true,"terminating":true},"nodeName":"pi2"},
            {"addresses":["10.1.0.3"],"conditions":{"ready":false},"nodeName":"pi3","zone":"z"},
            {"addresses":["10.1.0.4"],"conditions":{}},{"addresses":["10.1.0.5"]}],
            "ports":[{"name":"","protocol":"TCP","port":8080}]}
            """#
        let slice = EndpointSlice(
            metadata: meta("default", "web-x7k2p", "1", "2"), serviceName: "web",
            endpoints: [
                .init(nodeName: "pi1", address: "10.1.0.1"), .init(nodeName: "pi2", address: "10.1.0.2"),
                .init(nodeName: "pi3", isServing: false, address: "10.1.0.3"),
                .init(nodeName: nil, address: "10.1.0.4"), .init(nodeName: nil, address: "10.1.0.5"),
            ])
        #expect(try decode(.endpointSlice, json) == .endpointSlice(slice))
        #expect(slice.serviceKey == ObjectKey(namespace: "default", name: "web"))
    }

    /// v1beta1 of Kubernetes 1.20 and before: no nodeName and no serving, but a topology.
    @Test func anEndpointSliceV1beta1IsRead() throws {
        let json = #"""
            {"metadata":{"name":"web-1","namespace":"default","labels":{"kubernetes.io/service-name":"web"}},
            "addressType":"IPv4","endpoints":[
            {"addresses":["10.1.0.1"],"conditions":{"ready":true},"topology":{"kubernetes.io/hostname":"pi1"}},
            {"addresses":["10.1.0.2"],"conditions":{"ready":false},"topology":{"topology.kubernetes.io/zone":"z"}},
            {"addresses":["10.1.0.3"],"nodeName":"pi3","topology":{"kubernetes.io/hostname":"other"}}],"ports":null}
            """#.replacing("IPv4", with: "IPv6")
        let slice = EndpointSlice(
            metadata: meta("default", "web-1", "", ""), serviceName: "web", addressFamily: .ipv6,
            endpoints: [
                .init(nodeName: "pi1", address: "10.1.0.1"),
                .init(nodeName: nil, isServing: false, address: "10.1.0.2"),
                .init(nodeName: "pi3", address: "10.1.0.3"),
            ])
        #expect(try decode(.endpointSlice, json) == .endpointSlice(slice))
    }

    @Test(arguments: [
        (#"[{"type":"NetworkUnavailable","status":"True"}]"#, true),
        (#"[{"type":"NetworkUnavailable","status":"False"},{"type":"Ready","status":"True"}]"#, false),
        (#"[{"type":"NetworkUnavailable","status":"Unknown"}]"#, false), ("null", false),
    ])
    func aNodesNetworkIsJudgedByItsCondition(conditions: String, isUnavailable: Bool) throws {
        let json =
            #"{"metadata":{"name":"pi1","labels":{"node.kubernetes.io/exclude-from-external-load-balancers":"","#
            + #""rack":"a"}},"status":{"conditions":\#(conditions)}}"#
        let node = Node(
            metadata: meta("", "pi1", "", ""), isNetworkUnavailable: isUnavailable, isExcluded: true,
            labels: ["node.kubernetes.io/exclude-from-external-load-balancers": "", "rack": "a"])
        #expect(try decode(.node, json) == .node(node))
    }

    @Test func aNodesInternalAddressesAreRead() throws {
        let json =
            #"{"metadata":{"name":"pi1"},"status":{"addresses":[{"type":"Hostname","address":"pi1"},"#
            + #"{"type":"InternalIP","address":"192.168.2.11"},{"type":"ExternalIP","address":"10.0.0.1"},"#
            + #"{"type":"InternalIP","address":"fd00::11"},{"type":"InternalIP","address":"pi1"},{}]}}"#
        let addresses = ["192.168.2.11", "fd00::11"].compactMap { IPAddress($0) }
        #expect(
            try decode(.node, json) == .node(Node(metadata: meta("", "pi1", "", ""), internalAddresses: addresses)))
    }

    @Test func aLeaseIsRead() throws {
        let json = #"""
            {"metadata":{"name":"lbd-node-pi1","namespace":"lbd-system","uid":"5","resourceVersion":"6",
            "annotations":{"lbd.io/addresses":"192.168.2.11/24,fd00::b/64"}},"spec":{"holderIdentity":"pi1",
            "leaseDurationSeconds":40,"acquireTime":"2026-11-24T00:00:00.000000Z","renewTime":"2026-11-24T00:00:10.000000Z",
            "leaseTransitions":3}}
            """#
        let lease = Lease(
            metadata: meta("lbd-system", "lbd-node-pi1", "5", "6"), addresses: "192.168.2.11/24,fd00::b/64",
            holderIdentity: "pi1", durationSeconds: 40, acquireTime: "2026-11-24T00:00:00.000000Z",
            renewTime: "2026-11-24T00:00:10.000000Z", transitions: 3)
        #expect(try decode(.lease, json) == .lease(lease))
    }

    /// The Pod of MetalLB 0.9.3's controller, as a server of 1.20 shows it.
    @Test(arguments: [
        (
            #""status":{"phase":"Running","conditions":[{"type":"Ready","status":"True"}],"qosClass":"Burstable"}"#,
            "Running"
        ),
        (#""status":{"phase":"Pending"}"#, "Pending"), (#""status":{}"#, ""), (#""spec":{}"#, ""),
    ])
    func aPodIsRead(status: String, phase: String) throws {
        for isBeingDeleted in [false, true] {
            let deletion = isBeingDeleted ? #","deletionTimestamp":"2026-11-24T00:00:00Z""# : ""
            let json =
                #"{"kind":"Pod","apiVersion":"v1","metadata":{"name":"controller-65db86ddc6-x7k2p","#
                + #""namespace":"metallb-system","uid":"u","resourceVersion":"8","#
                + #""labels":{"app":"metallb","component":"controller"}\#(deletion)},\#(status)}"#
            let pod = Pod(
                metadata: meta("metallb-system", "controller-65db86ddc6-x7k2p", "u", "8"), phase: phase,
                isBeingDeleted: isBeingDeleted)
            #expect(try decode(.pod, json) == .pod(pod))
        }
    }

    @Test func theConfigMapAndTheSecretAreRead() throws {
        let map = #"{"metadata":{"name":"config","namespace":"metallb-system"},"data":{"config":"a:\n- b\n","x":"y"}}"#
        #expect(
            try decode(.configMap, map)
                == .configMap(ConfigMap(metadata: meta("metallb-system", "config", "", ""), config: "a:\n- b\n")))
        let secret =
            #"{"metadata":{"name":"memberlist","namespace":"metallb-system"},"data":{"secretkey":"AP8K"},"#
            + #""type":"Opaque"}"#
        #expect(
            try decode(.secret, secret)
                == .secret(Secret(metadata: meta("metallb-system", "memberlist", "", ""), secretKey: [0, 255, 10])))
        #expect(
            try decode(.configMap, #"{"metadata":{"name":"config","namespace":"n"}}"#)
                == .configMap(ConfigMap(metadata: meta("n", "config", "", ""), config: nil)))
    }

    @Test(arguments: [
        #"{}"#, "[]", "7", #"{"metadata":{}}"#, #"{"metadata":{"name":""}}"#, #"{"metadata":{"name":7}}"#,
        #"{"kind":"Pod","metadata":{"name":"a"}}"#, #"{"metadata":{"name":"a"},"spec":[]}"#,
        #"{"metadata":{"name":"a"},"spec":{"ports":[{"port":-1}]}}"#,
        #"{"metadata":{"name":"a"},"spec":{"ports":[{"port":1,"protocol":"ICMP"}]}}"#,
    ])
    func whatIsNoServiceIsUnreadable(json: String) throws {
        #expect(try decode(.service, json) == nil)
    }
}
