internal import Wire

/// The links and addresses that the kernel has told of. It holds what the kernel holds, and so has the kernel's limits.
struct Table {
    private var links: [UInt32: LinkMessage] = [:]
    private var addresses: [UInt32: [Prefix: AddressState]] = [:]

    /// Takes `change` in; false where it changed nothing.
    mutating func apply(_ change: Change) -> Bool {
        switch change {
        case .link(var link):
            // What happened to it once is no property of it.
            link.notifiesPeers = false
            return links.updateValue(link, forKey: link.index) != link
        case .linkRemoved(let index):
            addresses[index] = nil
            return links.removeValue(forKey: index) != nil
        case .address(let address):
            return addresses[address.interfaceIndex, default: [:]].updateValue(address.state, forKey: address.prefix)
                != address.state
        case .addressRemoved(let address):
            guard addresses[address.interfaceIndex]?.removeValue(forKey: address.prefix) != nil else { return false }
            if addresses[address.interfaceIndex]?.isEmpty == true { addresses[address.interfaceIndex] = nil }
            return true
        }
    }

    /// Every link with its addresses, ascending by index. The one that lbd makes leads nowhere, and is left out.
    var interfaces: [Interface] {
        links.values.filter { $0.group != Message.deviceMark }.sorted { $0.index < $1.index }.map { link in
            let ready = LinkMessage.Flag.up | LinkMessage.Flag.running
            let addresses = addresses[link.index, default: [:]]
            return Interface(
                index: link.index, name: link.name, macAddress: link.macAddress, isUp: link.flags & ready == ready,
                isLoopback: link.flags & LinkMessage.Flag.loopback != 0,
                isNoARP: link.flags & LinkMessage.Flag.noARP != 0,
                canBroadcast: link.flags & LinkMessage.Flag.broadcast != 0, masterIndex: link.masterIndex,
                addresses: addresses.keys.sorted(), states: addresses)
        }
    }
}
