internal import System
internal import Wire

/// The groups in which hosts ask for the IPv6 addresses that are claimed. Many sockets, since the kernel allows each only so
/// many groups.
final class Groups {
    /// Groups that one socket joins; the kernel's limit is somewhere above.
    private static let groupsPerSocket = 128

    /// A group on an interface. Addresses with the same last 24 bits share one.
    private struct Membership: Hashable {
        var group: IPv6Address
        var interfaceIndex: UInt32
    }

    private final class Socket {
        let socket: GroupSocket
        var count = 0

        init() throws(Errno) { socket = try GroupSocket() }
    }

    private var addresses: [Membership: Set<IPv6Address>] = [:]
    private var sockets: [Membership: Socket] = [:]
    private var openSockets: [Socket] = []

    /// The open sockets' numbers.
    var descriptors: [Int32] { openSockets.map { $0.socket.rawValue } }

    /// Joins the group of `address` on the interface with this index, unless that is done.
    ///
    /// - Throws: `Errno` where that cannot be; it may be tried again.
    func join(for address: IPv6Address, on index: UInt32) throws(Errno) {
        let membership = Membership(group: address.solicitedNodeGroup, interfaceIndex: index)
        if sockets[membership] == nil {
            let socket = try roomySocket()
            try socket.socket.join(membership.group, on: index)
            socket.count += 1
            sockets[membership] = socket
        }
        addresses[membership, default: []].insert(address)
    }

    /// Leaves the group of `address` on the interface with this index, unless another address needs it.
    func leave(for address: IPv6Address, on index: UInt32) {
        let membership = Membership(group: address.solicitedNodeGroup, interfaceIndex: index)
        addresses[membership]?.remove(address)
        guard addresses[membership]?.isEmpty == true else { return }
        drop(membership)
    }

    /// Leaves all groups on the interface with this index, which may be gone.
    func leaveAll(on index: UInt32) {
        for membership in sockets.keys where membership.interfaceIndex == index { drop(membership) }
    }

    private func drop(_ membership: Membership) {
        addresses[membership] = nil
        guard let socket = sockets.removeValue(forKey: membership) else { return }
        // An interface that is gone has left all by itself.
        try? socket.socket.leave(membership.group, on: membership.interfaceIndex)
        socket.count -= 1
        if socket.count == 0 { openSockets.removeAll { $0 === socket } }
    }

    private func roomySocket() throws(Errno) -> Socket {
        if let socket = openSockets.first(where: { $0.count < Self.groupsPerSocket }) { return socket }
        let socket = try Socket()
        openSockets.append(socket)
        return socket
    }
}
