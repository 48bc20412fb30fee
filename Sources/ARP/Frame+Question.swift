internal import Wire

extension Frame {
    /// The question to all on the network of `station` who has `address`; nil where it has no address of that family, and
    /// cannot be answered alone.
    static func question(who address: IPAddress, from station: Resolver.Station) -> Frame? {
        let own = station.nearestAddress(to: address)
        switch (address, own) {
        case (.v4(let address), .v4(let own)?):
            return .arp(.question(who: address, from: own, at: station.hardwareAddress))
        case (.v4(let address), _):
            return .arp(.probe(for: address, from: station.hardwareAddress))
        case (.v6(let address), .v6(let own)?):
            return .ndp(.question(who: address, from: own, at: station.hardwareAddress))
        case (.v6, _):
            return nil
        }
    }

    /// The address that the frame says is its sender's, and where that one is, if it says so to the interface at `own` alone,
    /// that has asked.
    func answer(to own: MACAddress) -> (address: IPAddress, station: MACAddress)? {
        switch self {
        case .arp(let frame):
            let packet = frame.packet
            guard packet.operation == .reply, frame.destination == own, packet.targetHardwareAddress == own else {
                return nil
            }
            return (.v4(packet.senderProtocolAddress), packet.senderHardwareAddress)
        case .ndp(let frame):
            guard case .advertisement(let message) = frame.message, message.flags.contains(.solicited),
                frame.destination == own
            else { return nil }
            return (.v6(message.target), message.targetHardwareAddress ?? frame.source)
        }
    }
}

extension Resolver.Station {
    /// Of its addresses of the family of `address`, the one in the same network, else the first.
    fileprivate func nearestAddress(to address: IPAddress) -> IPAddress? {
        let own = addresses.filter { $0.address.family == address.family }
        return (own.first { $0.contains(address) } ?? own.first)?.address
    }
}

extension EthernetFrame {
    /// An ARP request (RFC 826) from a host with an address.
    fileprivate static func question(
        who address: IPv4Address, from own: IPv4Address, at hardwareAddress: MACAddress
    ) -> EthernetFrame {
        EthernetFrame(
            destination: .broadcast, source: hardwareAddress,
            packet: Packet(
                operation: .request, senderHardwareAddress: hardwareAddress, senderProtocolAddress: own,
                targetHardwareAddress: .zero, targetProtocolAddress: address))
    }
}

extension NeighborFrame {
    /// A solicitation to the group of `address` (RFC 4861 section 7.2.2), which says where the sender is.
    fileprivate static func question(
        who address: IPv6Address, from own: IPv6Address, at hardwareAddress: MACAddress
    ) -> NeighborFrame {
        let group = address.solicitedNodeGroup
        return NeighborFrame(
            destination: group.groupHardwareAddress, source: hardwareAddress, sourceAddress: own,
            destinationAddress: group,
            message: .solicitation(NeighborSolicitation(target: address, sourceHardwareAddress: hardwareAddress)))
    }
}
