import NetLink
import Wire

/// A network of global unicast addresses (2000::/3) that an interface of this node is in.
struct GlobalPrefix: Hashable {
    /// The interface's name.
    var interface: String
    /// The network: 64 bits, those that its own prefix lacks being 0.
    var network: Prefix
    /// How the interface's addresses in it stand: not deprecated unless all are, and as old as the oldest.
    var state: AddressState

    /// Those of an interface, ascending. A host prefix tells of no network, and unique local addresses (RFC 4193) are no
    /// provider's to change.
    static func all(of interface: Interface) -> [GlobalPrefix] {
        merged(
            interface.addresses.compactMap { prefix in
                guard case .v6(let address) = prefix.address, address.high >> 61 == 1, prefix.length <= 64,
                    let network = Prefix(prefix.range.first, length: 64)
                else { return nil }
                return GlobalPrefix(
                    interface: interface.name, network: network, state: interface.states[prefix] ?? AddressState())
            })
    }

    /// One for each network, ascending.
    static func merged(_ prefixes: [GlobalPrefix]) -> [GlobalPrefix] {
        Dictionary(prefixes.map { ($0.network, $0) }) { old, new in
            var both = old
            both.state.isDeprecated = old.state.isDeprecated && new.state.isDeprecated
            both.state.createdAt = min(old.state.createdAt, new.state.createdAt)
            return both
        }.values.sorted { $0.network < $1.network }
    }
}
