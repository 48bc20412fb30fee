import KubeWatch
import NetLink
import Wire

@testable import Balancer

/// One Balancer and the world as far as it can see it: a clock that the test moves, and an API server that carries out
/// writes to Leases, Events and relists at once and leaves those to a Service's status to the test, unless `answersStatus`.
struct Rig {
    var node: Instance
    var now = Instant.zero
    var answersStatus = true
    var answersLeases = true
    var answersEvents = true
    /// What the routing tables say, and whether the gateways answer at once.
    var gateways: [Gateway] = []
    var hearsGateways = true
    /// Who uses addresses besides, and whether it is known at once that nobody does.
    var stations: [IPAddress: MACAddress] = [:]
    var answersProbes = true
    /// All directives since the last `clear`.
    var directives: [Directive] = []
    /// The status writes that the test has to answer.
    var unanswered: [(id: WriteID, base: ObjectMeta, ingress: [String])] = []
    var services: [ObjectKey: Service] = [:]
    var leases: [ObjectKey: Lease] = [:]
    private var rng = PRNG(seed: 1)
    private(set) var wakeAt: Instant?
    private var inbox: [Event] = []
    private(set) var revision = 100

    static let pool = pools("192.168.1.240-192.168.1.250")

    static func pools(_ ranges: String..., autoAssign: Bool = true) -> Pools {
        Pools(pools: [
            Pool(name: "home", ranges: ranges.compactMap(AddressRange.init(text:)), isAutoAssigned: autoAssign)
        ])
    }

    init(
        _ settings: Settings = Settings(nodeName: "pi1", instanceID: "a"), saved: Saved? = nil,
        inheritance: Inheritance? = nil, at now: Instant = .zero, links: [Link]? = [link()]
    ) {
        node = Instance(settings)
        self.now = now
        send(.started(saved: saved, inheritance: inheritance))
        if let links { send(.links(links)) }
    }

    /// A Balancer that leads, has `pools`, and is alone with the nodes pi1, pi2, pi3, of which only pi1 runs a daemon.
    static func leader(
        _ settings: Settings = Settings(nodeName: "pi1", instanceID: "a"), pools: Pools? = pool,
        services: [Service] = [], saved: Saved? = nil
    ) -> Rig {
        var rig = Rig(settings, saved: saved)
        if let pools { rig.send(.pools(pools, from: .file)) }
        for service in services { rig.put(service) }
        rig.sync()
        rig.pass(.seconds(1))
        return rig
    }

    static func link(
        _ index: UInt32 = 2, _ name: String = "eth0", _ addresses: String = "192.168.1.11/24", isUp: Bool = true
    ) -> Link {
        Link(
            Interface(
                index: index, name: name, macAddress: MACAddress(rawValue: 0x0242_0000_0000 + UInt64(index)),
                isUp: isUp,
                addresses: addresses.split(separator: ",").compactMap { Prefix($0) }))
    }

    // MARK: Time and events

    /// Sends an event, and what follows from it at once.
    mutating func send(_ event: Event) {
        inbox.append(event)
        guard inbox.count == 1 else { return }
        while let event = inbox.first {
            for directive in node.handle(event, at: now, using: &rng) {
                directives.append(directive)
                switch directive {
                case .wake(let at): wakeAt = at
                case .write(let id, let write): carryOut(id, write)
                case .findGateways: send(.gateways(gateways))
                case .ask(let question):
                    guard hearsGateways, gateways.contains(where: { .v4($0.address) == question.address }) else {
                        break
                    }
                    send(.asked(.answered(question, by: MACAddress(rawValue: 0x0200_0000_0001))))
                case .probe(let probe):
                    if let station = stations[probe.address] {
                        send(.probed(.used(probe, by: station)))
                    } else if answersProbes {
                        send(.probed(.free(probe)))
                    }
                default: break
                }
            }
            inbox.removeFirst()
        }
    }

    /// Lets time pass, with a timer event wherever one was asked for.
    mutating func pass(_ duration: Duration) {
        let end = now.advanced(by: duration)
        while let at = wakeAt, at <= end {
            wakeAt = nil
            now = max(now, at)
            send(.timer)
        }
        now = end
    }

    /// Completes all lists.
    mutating func sync(nodes: [String] = ["pi1", "pi2", "pi3"]) {
        for name in nodes { send(.change(.upserted(.node(Node(metadata: meta("", name)))))) }
        for kind in [Kind.pod, .service, .endpointSlice, .node, .lease, .configMap] {
            send(.change(.synced(kind)))
        }
    }

    // MARK: Objects

    mutating func meta(_ namespace: String, _ name: String) -> ObjectMeta {
        revision += 1
        return ObjectMeta(
            key: ObjectKey(namespace: namespace, name: name), uid: "uid-\(name)", resourceVersion: "\(revision)")
    }

    /// Creates or changes a Service; its watch tells at once.
    mutating func put(_ service: Service) {
        var service = service
        service.metadata = meta(service.metadata.key.namespace, service.metadata.key.name)
        services[service.metadata.key] = service
        send(.change(.upserted(.service(service))))
    }

    mutating func change(_ name: String, _ edit: (inout Service) -> Void) {
        guard var service = services[.named(name)] else { return }
        edit(&service)
        put(service)
    }

    mutating func delete(_ name: String) {
        services[.named(name)] = nil
        send(.change(.deleted(.service, .named(name))))
    }

    /// Gives the Service endpoints on `nodes`.
    mutating func putEndpoints(_ name: String, on nodes: [String?], areServing: Bool = true) {
        let slice = EndpointSlice(
            metadata: meta("default", name), serviceName: name,
            endpoints: nodes.map { EndpointSlice.Endpoint(nodeName: $0, isServing: areServing) })
        send(.change(.upserted(.endpointSlice(slice))))
    }

    mutating func putLease(_ name: String, isTold: Bool = true, _ edit: (inout Lease) -> Void) {
        let key = ObjectKey(namespace: "lbd-system", name: name)
        var lease = leases[key] ?? Lease(metadata: ObjectMeta(key: key))
        edit(&lease)
        lease.metadata = meta("lbd-system", name)
        lease.renewTime = "\(now.nanoseconds)"
        leases[key] = lease
        if isTold { send(.change(.upserted(.lease(lease)))) }
    }

    /// Another node's daemon renews its Lease.
    mutating func renew(_ node: String, addresses: String = "192.168.1.12/24") {
        putLease("lbd-node-\(node)") { lease in
            lease.holderIdentity = node
            lease.durationSeconds = 40
            lease.addresses = addresses
        }
    }

    // MARK: The API server

    private mutating func carryOut(_ id: WriteID, _ write: Write) {
        switch write {
        case .serviceStatus(let base, let ingress):
            unanswered.append((id, base, ingress))
            if answersStatus { answerStatus() }
        case .createLease(let lease), .updateLease(let lease, _):
            guard answersLeases else { return }
            let key = lease.metadata.key
            putLease(key.name, isTold: false) { $0 = lease }
            send(.wrote(id, .done(leases[key]?.metadata)))
            if let lease = leases[key] { send(.change(.upserted(.lease(lease)))) }
        case .deleteLease(let metadata):
            guard answersLeases else { return }
            leases[metadata.key] = nil
            send(.wrote(id, .done(nil)))
            send(.change(.deleted(.lease, metadata.key)))
        case .createSecret:
            break
        case .event:
            if answersEvents { send(.wrote(id, .done(nil))) }
        case .relistServices:
            for key in services.keys.sorted() {
                if let service = services[key] { send(.change(.upserted(.service(service)))) }
            }
            send(.wrote(id, .done(nil)))
        }
    }

    /// Carries out the first status write that waits, if it is based on the newest version.
    mutating func answerStatus() {
        guard !unanswered.isEmpty else { return }
        let (id, base, ingress) = unanswered.removeFirst()
        guard var service = services[base.key], service.metadata == base else {
            return send(.wrote(id, .conflict))
        }
        service.ingress = ingress.map { .ip($0) }
        service.metadata = meta(base.key.namespace, base.key.name)
        services[base.key] = service
        send(.wrote(id, .done(service.metadata)))
        send(.change(.upserted(.service(service))))
    }

    // MARK: What has come of it

    mutating func clear() { directives = [] }

    func address(of name: String) -> String? {
        guard case .ip(let text) = services[.named(name)]?.ingress.first else { return nil }
        return text
    }

    var events: [EventRecord] {
        directives.compactMap { if case .write(_, .event(let event)) = $0 { event } else { nil } }
    }

    var messages: [String] { events.map(\.message) }

    /// The numbers of the writes that are such.
    func writes(_ isSuch: (Write) -> Bool) -> [WriteID] {
        directives.compactMap { if case .write(let id, let write) = $0, isSuch(write) { id } else { nil } }
    }

    var claims: [Claim] {
        directives.compactMap { if case .take(let claim) = $0 { claim } else { nil } }
    }

    var releases: [Claim] {
        directives.compactMap { if case .release(let claim) = $0 { claim } else { nil } }
    }

    var records: [Record.MessageID] {
        directives.compactMap { if case .record(let record) = $0 { record.id } else { nil } }
    }

    var status: String? {
        directives.compactMap { if case .status(let text) = $0 { text } else { nil } }.last
    }

    func lease(_ name: String) -> Lease? { leases[ObjectKey(namespace: "lbd-system", name: name)] }
}

extension ObjectKey {
    /// The object `name` in the namespace `default`.
    static func named(_ name: String) -> ObjectKey { ObjectKey(namespace: "default", name: name) }
}

extension AddressRange {
    /// `FIRST-LAST`, or a prefix.
    init?(text: String) {
        if let prefix = Prefix(text) {
            self = prefix.range
            return
        }
        let ends = text.split(separator: "-").compactMap { IPAddress($0) }
        guard ends.count == 2 else { return nil }
        self.init(ends[0], ends[1])
    }
}

extension Service {
    /// A Service of type LoadBalancer in the namespace `default` with port 80.
    static func named(
        _ name: String, port: UInt16 = 80, address: String? = nil, ingress: [String] = [],
        annotations: [String: String] = [:]
    ) -> Service {
        Service(
            metadata: ObjectMeta(key: .named(name)), annotations: annotations, loadBalancerIP: address,
            ports: [Port(.tcp, port)], ingress: ingress.map { .ip($0) })
    }
}
