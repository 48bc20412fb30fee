import KubeWatch
import NetLink
import Wire

/// On which of this node's interfaces an address is answered.
struct Reach: Hashable {
    private struct Port: Hashable {
        var index: UInt32
        var name: String
        var isNamed: Bool
        var isWireless: Bool
        var hardwareAddress: MACAddress?
        var prefixes: [Prefix]
        var globalPrefixes: [GlobalPrefix]
    }

    /// The usable interfaces, ascending by index.
    private var ports: [Port] = []

    init() {}

    init(_ links: [Link]) {
        ports = links.filter(\.isUsable).map { link in
            Port(
                index: link.interface.index, name: link.interface.name, isNamed: link.isNamed,
                isWireless: link.isWireless, hardwareAddress: link.interface.macAddress,
                prefixes: link.interface.addresses, globalPrefixes: GlobalPrefix.all(of: link.interface))
        }.sorted { $0.index < $1.index }
    }

    /// The interfaces in the subnet of `address`; where none is, those that the settings name. Ascending.
    func interfaces(for address: IPAddress) -> [UInt32] {
        let near = ports.filter { port in port.prefixes.contains { $0.contains(address) } }
        return (near.isEmpty ? ports.filter(\.isNamed) : near).map(\.index)
    }

    /// The first interface in the subnet of `address`.
    func neighbouringInterface(of address: IPAddress) -> UInt32? {
        ports.first { port in port.prefixes.contains { $0.contains(address) } }?.index
    }

    /// All networks that this node is in, those of the first interface first.
    var networks: [Vacancies.Network] {
        ports.flatMap { port in port.prefixes.map { Vacancies.Network(prefix: $0, interfaceIndex: port.index) } }
    }

    /// The networks that pools may follow, those of the first interface first.
    var globalPrefixes: [GlobalPrefix] { ports.flatMap(\.globalPrefixes) }

    /// The Ethernet addresses of all interfaces.
    var hardwareAddresses: [MACAddress] { ports.compactMap(\.hardwareAddress) }

    /// All interfaces, ascending.
    var interfaces: [UInt32] { ports.map(\.index) }

    /// The name of the interface `index`, while it is usable.
    func name(of index: UInt32) -> String? {
        ports.first { $0.index == index }?.name
    }

    /// What people are told of the interface `index`, while it is usable: its name, and whether it is a radio.
    func label(of index: UInt32) -> String? {
        ports.first { $0.index == index }.map { $0.isWireless ? "\($0.name) (WiFi)" : $0.name }
    }

    /// Whether this node is connected by radio alone.
    var isWireless: Bool { !ports.isEmpty && ports.allSatisfy(\.isWireless) }

    /// Whether `other` has all its interfaces.
    func isCovered(by other: Reach) -> Bool {
        ports.allSatisfy { port in other.ports.contains { $0.index == port.index } }
    }

    /// What keeps any address of the network from being answered, and what to do about it; nil where nothing does.
    var problem: String? {
        if ports.isEmpty { return "no usable interface: plug in a cable, or see `interfaces` in lbd.yaml" }
        guard presence.prefixes.isEmpty, !presence.hasNamedInterface else { return nil }
        let names = ports.map(\.name).sorted().joined(separator: ", ")
        return "no address on \(names): see whether the router's DHCP server answers"
    }

    /// What the other nodes are told. Link-local IPv6 addresses are left out: no pool holds their like.
    var presence: Presence {
        let prefixes = Set(ports.flatMap(\.prefixes)).filter { !$0.isLinkLocalIPv6 }
        return Presence(prefixes: prefixes.sorted(), hasNamedInterface: ports.contains(where: \.isNamed))
    }
}

extension Link {
    /// Whether the interface can answer ARP for an address: up, wanted, and the node's own end of a link that resolves
    /// addresses.
    var isUsable: Bool {
        !isExcluded && interface.isUp && !interface.isLoopback && interface.canBroadcast && !interface.isNoARP
            && interface.masterIndex == nil && interface.macAddress != nil
    }
}

extension Prefix {
    /// fe80::/10 (RFC 4291 section 2.5.6).
    fileprivate var isLinkLocalIPv6: Bool {
        guard case .v6(let address) = address else { return false }
        return address.high >> 54 == 0xFE80 >> 6
    }
}
