internal import Wire

/// What a message of the kernel does to a `Table`.
enum Change: Hashable {
    /// RTM_NEWLINK.
    case link(LinkMessage)
    /// RTM_DELLINK.
    case linkRemoved(index: UInt32)
    /// RTM_NEWADDR.
    case address(AddressMessage)
    /// RTM_DELADDR.
    case addressRemoved(AddressMessage)

    /// What a change is about: a link, or an address of one.
    enum Subject: Hashable {
        case link(UInt32)
        case address(UInt32, Prefix)
    }

    /// The change that `message` tells; nil where it tells none that a table keeps. What lbd itself places on an interface is
    /// none: it makes the node neither a part of another network nor the bearer of another address.
    ///
    /// - Throws: `WireError` where the payload is not what the type asks for.
    init?(_ message: Message) throws(WireError) {
        switch message.type {
        case Message.Kind.newLink:
            guard let link = try LinkMessage(payload: message.payload) else { return nil }
            self = .link(link)
        case Message.Kind.deleteLink:
            guard let link = try LinkMessage(payload: message.payload) else { return nil }
            self = .linkRemoved(index: link.index)
        case Message.Kind.newAddress:
            guard let address = try AddressMessage(payload: message.payload), !address.isPlaced else { return nil }
            self = .address(address)
        case Message.Kind.deleteAddress:
            guard let address = try AddressMessage(payload: message.payload), !address.isPlaced else { return nil }
            self = .addressRemoved(address)
        default:
            return nil
        }
    }

    /// The kernel announces its own addresses on a link, and so are others to be.
    var notifiesPeers: Bool {
        if case .link(let link) = self { link.notifiesPeers } else { false }
    }

    /// What the change is about.
    var subject: Subject {
        switch self {
        case .link(let link): .link(link.index)
        case .linkRemoved(let index): .link(index)
        case .address(let address), .addressRemoved(let address): .address(address.interfaceIndex, address.prefix)
        }
    }
}
