import KubeWatch
import NetLink
import SWIM
import Wire

@testable import Balancer

/// What libFuzzer calls with each input, which is what a daemon tells another: a direct message, what it says about itself, or
/// the registers that it adds to the state that members exchange. Their first bytes tell them apart.
@_cdecl("LLVMFuzzerTestOneInput")
public func test(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    if let message = try? DirectMessage(bytes) {
        precondition(message.bytes == bytes, "it is written otherwise than it was read")
        switch message.body {
        case .registers(let bytes), .answer(let bytes, to: _): checkRegisters(bytes)
        case .metadata(let bytes): checkMetadata(bytes)
        case .finding(let bytes): checkFinding(bytes)
        case .wanted, .doubted: break
        }
    }
    checkMetadata(bytes)
    if bytes.starts(with: stateMark) { checkRegisters(Array(bytes.dropFirst(stateMark.count))) }
    // A member that says nothing about itself does not hear of registers: with it, they do not count.
    guard !bytes.isEmpty else { return 0 }
    var daemon = Daemon()
    daemon.hear(bytes)
    return 0
}

/// Comes first in what the daemons add to the state.
private let stateMark = SWIM.Member.mark + [1]

private func checkMetadata(_ bytes: [UInt8]) {
    guard let metadata = Metadata(bytes) else { return }
    let written = metadata.bytes
    precondition(written.count <= 512, "metadata that are too long")
    // Addresses may be written longer than they came, and then some have to go.
    let isWhole = metadata.presence.text.utf8.count <= bytes.count - 17
    precondition(!isWhole || Metadata(written) == metadata, "metadata are written otherwise than they were read")
}

private func checkFinding(_ bytes: [UInt8]) {
    guard let finding = readFinding(bytes) else { return }
    precondition(finding.bytes.count == bytes.count, "a finding is written longer or shorter than it was read")
    precondition(readFinding(finding.bytes) == finding, "a finding is written otherwise than it was read")
}

/// What can be read is written so that it is read again as the same, in one piece or in many. Those who hear it end with the
/// same registers, whatever comes to them first, and find by the digests that they do.
private func checkRegisters(_ bytes: [UInt8]) {
    guard let entries = read(bytes) else { return }
    for maximumBytes in [Int.max, DirectMessage.maximumRegisterBytes] {
        let parts = Registers.encode(entries, maximumBytes: maximumBytes)
        precondition(parts.allSatisfy { $0.count <= maximumBytes }, "a message that is too long")
        let again = parts.compactMap(read)
        precondition(again.count == parts.count, "registers that nobody can read")
        precondition(counts(again.flatMap { $0 }) == counts(entries), "they are written otherwise than they were read")
    }
    let (first, second) = (merged(entries), merged(entries.reversed()))
    precondition(first.entries == second.entries, "it matters what is heard first")
    precondition(first.digests == second.digests, "two that know the same differ in their digests")
    var third = merged(Array(entries.prefix(entries.count / 2)))
    for (address, register) in first.all { _ = third.merge(register, at: address) }
    precondition(third.entries == first.entries, "who hears all is not told the same")
    checkDigests(third)
    for entry in entries.prefix(4) {
        let before = third[entry.address]
        third.claim(entry.address, for: entry.register.owner)
        precondition(third[entry.address]?.owner == entry.register.owner, "what was taken is another's")
        let isLater = third[entry.address]?.epoch ?? 0 > before?.epoch ?? 0
        precondition(isLater || before?.epoch == Register.maximumEpoch, "who takes an address does not count it up")
    }
    checkDigests(third)
}

private func readFinding(_ bytes: [UInt8]) -> Finding? {
    var reader = ByteReader(bytes)
    return try? Finding(from: &reader)
}

private func read(_ bytes: [UInt8]) -> Registers.Entries? {
    var reader = ByteReader(bytes)
    return try? Registers.read(from: &reader)
}

private func merged(_ entries: Registers.Entries) -> Registers {
    var registers = Registers()
    for (address, register) in entries { _ = registers.merge(register, at: address) }
    return registers
}

/// How often each register is there.
private func counts(_ entries: Registers.Entries) -> [IPAddress: [Register: Int]] {
    entries.reduce(into: [:]) { counts, entry in counts[entry.address, default: [:]][entry.register, default: 0] += 1 }
}

/// The digests, which are counted on, are those of the registers.
private func checkDigests(_ registers: Registers) {
    precondition(registers.digests == merged(registers.all).digests, "a digest is of something else")
}

/// pi1 with some Services, in a group with pi2, and a shell that does nothing.
private struct Daemon {
    private var balancer = Self.rested
    private var rng = PRNG(seed: 1)

    private static let rested: Balancer.Instance = {
        var balancer = Balancer.Instance(Settings(nodeName: "pi1", instanceID: "a", instance: 1))
        var rng = PRNG(seed: 1)
        for event in beginning { _ = balancer.handle(event, at: .zero, using: &rng) }
        _ = balancer.handle(.timer, at: .zero.advanced(by: .seconds(13)), using: &rng)
        precondition(balancer.announcer.current.count == addresses.count, "it has not begun")
        return balancer
    }()

    private static let addresses = (1...3).map { "192.168.1.\(240 + $0)" }

    private static var beginning: [Balancer.Event] {
        let interface = Interface(
            index: 2, name: "eth0", macAddress: MACAddress(rawValue: 0x0200_0000_0001), isUp: true,
            addresses: Prefix("192.168.1.11/24").map { [$0] } ?? [])
        let ranges = Prefix("192.168.1.240/28").map { [$0.range] } ?? []
        var events: [Balancer.Event] = [
            .started(saved: nil, inheritance: nil), .links([Link(interface)]),
            .pools(Pools(pools: [Pool(name: "home", ranges: ranges)]), from: .file),
        ]
        let key = ObjectKey(namespace: "lbd-system", name: "lbd-node-pi1")
        let lease = Lease(
            metadata: ObjectMeta(key: key), addresses: "192.168.1.11/24", holderIdentity: "pi1", durationSeconds: 40)
        events.append(.change(.upserted(.lease(lease))))
        for name in ["pi1", "pi2"] {
            let node = Node(metadata: ObjectMeta(key: ObjectKey(namespace: "", name: name)))
            events.append(.change(.upserted(.node(node))))
        }
        for (number, address) in addresses.enumerated() {
            let meta = ObjectMeta(key: ObjectKey(namespace: "default", name: "s\(number)"), uid: "\(number)")
            var service = Service(metadata: meta, ports: [Service.Port(.tcp, 80)])
            service.ingress = [.ip(address)]
            let endpoint = EndpointSlice.Endpoint(nodeName: "pi1", isServing: true)
            let slice = EndpointSlice(metadata: meta, serviceName: meta.key.name, endpoints: [endpoint])
            events += [.change(.upserted(.service(service))), .change(.upserted(.endpointSlice(slice)))]
        }
        return events + [Kind.pod, .service, .endpointSlice, .node, .lease, .configMap].map { .change(.synced($0)) }
    }

    /// Whatever it is told, in whatever way, it tells nothing that others cannot read, and answers for nothing that it has heard
    /// to be another's.
    mutating func hear(_ bytes: [UInt8]) {
        let (second, third) = (Self.member("pi2", metadata), Self.member("pi3", bytes))
        for event in [
            second, third, .posted(bytes), .gossip(.merged(bytes, isJoin: false)),
            .heartbeat(.silent("pi2", for: .seconds(1))), .heartbeat(.differs("pi2")), .timer,
        ] {
            for directive in balancer.handle(event, at: .zero.advanced(by: .seconds(20)), using: &rng) {
                check(directive)
            }
            let ownership = balancer.ownership
            checkDigests(ownership.registers)
            let isLost = balancer.announcer.current.keys.contains(where: ownership.isLost)
            precondition(!isLost, "it answers for what another has")
        }
    }

    private var metadata: [UInt8] {
        Metadata(instance: 2, takesPart: true, presence: Presence("192.168.1.12/24")).bytes
    }

    private static func member(_ name: String, _ metadata: [UInt8]) -> Balancer.Event {
        let address = SocketAddress(.v4(IPv4Address(rawValue: 0xC0A8_010C)), port: 7946)
        return .gossip(
            .changed(Member(name: name, address: address, metadata: metadata, incarnation: 1, status: .alive)))
    }

    private func check(_ directive: Balancer.Directive) {
        switch directive {
        case .post(let bytes, to: _):
            precondition((try? DirectMessage(bytes)) != nil, "a message that nobody can read")
        case .gossip(.metadata(let bytes)):
            precondition(Metadata(bytes) != nil, "metadata that nobody can read")
        case .gossip(.userState(let bytes)):
            precondition(read(Array(bytes.dropFirst(stateMark.count))) != nil, "a state that nobody can read")
        default: break
        }
    }
}
