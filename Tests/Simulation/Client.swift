import ARP
import Wire

/// A host on the LAN that uses the addresses: which node it believes to have each (RFC 826).
struct Client {
    static let address = IPv4Address(rawValue: 0xC0A8_01C8)
    /// It is the router as well.
    static let gateway = IPv4Address(rawValue: 0xC0A8_0101)
    static let hardwareAddress = MACAddress(rawValue: 0x0200_0000_0200)
    /// A second answer to one question is not heeded for so long (Linux's sysctl neigh/*/locktime).
    private static let lockTime = Duration.seconds(1)

    /// What it was told of an address, and when.
    struct Hearing: Hashable {
        var address: IPv4Address
        var owner: MACAddress
    }

    /// Of a host beside it that is no node, and has addresses of the pool.
    static let squatter = MACAddress(rawValue: 0xB827_EB00_0001)
    /// Those addresses.
    var squatted: Set<IPv4Address> = []

    private(set) var beliefs: [IPv4Address: MACAddress] = [:]
    /// When it was told so last.
    private(set) var heardAt: [Hearing: Instant] = [:]
    private var answeredAt: [IPv4Address: Instant] = [:]
    private var asked: Set<IPv4Address> = []

    /// The question to all who has `address`.
    mutating func ask(for address: IPv4Address) -> EthernetFrame {
        asked.insert(address)
        return EthernetFrame(
            destination: .broadcast, source: Self.hardwareAddress,
            packet: Packet(
                operation: .request, senderHardwareAddress: Self.hardwareAddress, senderProtocolAddress: Self.address,
                targetHardwareAddress: .zero, targetProtocolAddress: address))
    }

    /// The answer where the router is asked for, or the squatter, and to whom.
    func answer(to frame: EthernetFrame) -> (MACAddress, EthernetFrame)? {
        let request = frame.packet
        let target = request.targetProtocolAddress
        guard request.operation == .request, target == Self.gateway || squatted.contains(target) else { return nil }
        let own = target == Self.gateway ? Self.hardwareAddress : Self.squatter
        let reply = Packet(
            operation: .reply, senderHardwareAddress: own, senderProtocolAddress: target,
            targetHardwareAddress: request.senderHardwareAddress, targetProtocolAddress: request.senderProtocolAddress)
        return (frame.source, EthernetFrame(destination: frame.source, source: own, packet: reply))
    }

    /// Hears a frame. What it has never asked for it does not remember.
    mutating func hear(_ frame: EthernetFrame, at now: Instant) {
        let packet = frame.packet
        let address = packet.senderProtocolAddress
        guard asked.contains(address) else { return }
        if packet.targetProtocolAddress != address, let last = answeredAt[address] {
            guard last.duration(to: now) > Self.lockTime else { return }
        }
        if beliefs[address] != packet.senderHardwareAddress {
            Log.line("client: \(address) is at \(packet.senderHardwareAddress)", at: now)
        }
        answeredAt[address] = now
        heardAt[Hearing(address: address, owner: packet.senderHardwareAddress)] = now
        beliefs[address] = packet.senderHardwareAddress
    }
}
