internal import Wire

extension Frame {
    /// The question of one who has no address yet whether anybody has `address`.
    static func probe(for address: IPAddress, from hardwareAddress: MACAddress) -> Frame {
        switch address {
        case .v4(let address): .arp(.probe(for: address, from: hardwareAddress))
        case .v6(let address): .ndp(.probe(for: address, from: hardwareAddress))
        }
    }
}

extension EthernetFrame {
    /// An ARP probe (RFC 5227 section 1.1): a request without a sender's address, so that nobody takes note of it.
    static func probe(for address: IPv4Address, from hardwareAddress: MACAddress) -> EthernetFrame {
        EthernetFrame(
            destination: .broadcast, source: hardwareAddress,
            packet: Packet(
                operation: .request, senderHardwareAddress: hardwareAddress, senderProtocolAddress: .unspecified,
                targetHardwareAddress: .zero, targetProtocolAddress: address))
    }
}

extension NeighborFrame {
    /// A probe for a duplicate (RFC 4862 section 5.4.2): a solicitation from `::`, which does not say where the sender is.
    static func probe(for address: IPv6Address, from hardwareAddress: MACAddress) -> NeighborFrame {
        let group = address.solicitedNodeGroup
        return NeighborFrame(
            destination: group.groupHardwareAddress, source: hardwareAddress, sourceAddress: .unspecified,
            destinationAddress: group,
            message: .solicitation(NeighborSolicitation(target: address, sourceHardwareAddress: nil)))
    }
}
