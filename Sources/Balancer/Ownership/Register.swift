import Wire

/// Who answers for an address, as the daemons tell each other: whoever takes an address over counts its epoch up by one.
struct Register: Hashable {
    /// No address is ever taken over so often: a larger one is a mistake, or malice.
    static let maximumEpoch: UInt64 = 1 << 48

    /// The owner of what no Service has any more: whoever comes first in the order takes it when one has it again.
    static let nobody = ""
    /// The owner of what another host uses too, and keeps using: nobody answers for it. No node has such a name.
    static let contested = "?"

    /// How often the address has changed hands.
    var epoch: UInt64
    /// The node that took it.
    var owner: String

    /// Whether it is the one that holds of two for `address`: the later; of two that are equally late, that of the node which
    /// comes first in the order of the address. All daemons come to the same result, whatever reaches them first.
    func prevails(over other: Register, at address: IPAddress, _ faults: Fault = []) -> Bool {
        guard epoch == other.epoch else { return (epoch > other.epoch) != faults.contains(.prefersEarlier) }
        guard owner != other.owner, !faults.contains(.prefersFirstHeard) else { return false }
        return Election.order([owner, other.owner], for: address.description).first == owner
    }
}
