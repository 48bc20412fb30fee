internal import Wire

/// The question of either protocol who has an address, as whoever has it looks at it.
struct Request {
    private enum Kind {
        case arp(Packet)
        case ndp(NeighborFrame, NeighborSolicitation)
    }

    /// The address that is asked for.
    let target: IPAddress
    /// The address that the asker gives as its own; 0.0.0.0 or `::` in a probe.
    let senderAddress: IPAddress
    /// Where the asker says that it is.
    let sender: MACAddress
    /// Where the frame comes from.
    let source: MACAddress
    private let kind: Kind
    private let destination: MACAddress

    /// The question in `frame`; nil where there is none.
    init?(_ frame: Frame) {
        switch frame {
        case .arp(let frame):
            guard frame.packet.operation == .request else { return nil }
            kind = .arp(frame.packet)
            target = .v4(frame.packet.targetProtocolAddress)
            senderAddress = .v4(frame.packet.senderProtocolAddress)
            sender = frame.packet.senderHardwareAddress
            (source, destination) = (frame.source, frame.destination)
        case .ndp(let frame):
            guard case .solicitation(let solicitation) = frame.message else { return nil }
            kind = .ndp(frame, solicitation)
            target = .v6(solicitation.target)
            senderAddress = .v6(frame.sourceAddress)
            sender = solicitation.sourceHardwareAddress ?? frame.source
            (source, destination) = (frame.source, frame.destination)
        }
    }

    /// Whether it was sent to all who may have the address, or to the interface at `own` alone.
    func isFor(_ own: MACAddress) -> Bool {
        guard case .ndp(let frame, let solicitation) = kind else {
            return destination == .broadcast || destination == own
        }
        let group = solicitation.target.solicitedNodeGroup
        return switch frame.destinationAddress {
        // By Ethernet a group's packet may come to one alone, as access points do it.
        case group: destination == group.groupHardwareAddress || destination == own
        case solicitation.target: destination == own
        default: false
        }
    }

    /// What tells the asker that the target is at `own`.
    func answer(_ own: MACAddress) -> Frame {
        switch kind {
        case .arp(let packet): .arp(.reply(to: packet, from: own))
        case .ndp(let frame, let solicitation): .ndp(.answer(to: frame, solicitation, from: own))
        }
    }
}
