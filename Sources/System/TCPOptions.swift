internal import CLinux
internal import Glibc
internal import Wire

/// What a TCP connection can have beside its ends (tcp(7), ip(7)): what a router may ask of those that connect to it.
public struct TCPOptions: Hashable, Sendable {
    /// The longest key that the kernel takes, in bytes.
    public static let longestKeyBytes = 80
    /// The TTL that nobody who is more than one hop away can arrive with.
    private static let highestHopLimit = 255

    /// The key that every segment is signed with (TCP-MD5, RFC 2385); empty for none.
    public var key: [UInt8]
    /// How many hops away the other side may be at most, so that nobody farther off can interfere (RFC 5082): each side then
    /// sends with the highest TTL or hop limit there is. nil: any distance, and the kernel's own TTL.
    public var hops: Int?

    /// A connection with these, or with nothing special.
    public init(key: [UInt8] = [], hops: Int? = nil) {
        self.key = key
        self.hops = hops
    }

    func apply(to socket: borrowing FileDescriptor, _ peer: SocketAddress) throws(Errno) {
        try limit(socket, peer)
        if !key.isEmpty { try socket.sign(what: peer, with: key, family: peer.address.family) }
    }

    /// What a connection that was accepted needs: the key it has from where that was listened for.
    func limit(_ socket: borrowing FileDescriptor, _ peer: SocketAddress) throws(Errno) {
        guard let hops else { return }
        let action = "limit the hops to \(peer)"
        let highest = Int32(Self.highestHopLimit)
        let lowest = Int32(clamping: min(max(Self.highestHopLimit + 1 - hops, 1), Self.highestHopLimit))
        switch peer.address.family {
        case .ipv4:
            try socket.set(Int32(IPPROTO_IP), IP_TTL, highest, action)
            try socket.set(Int32(IPPROTO_IP), IP_MINTTL, lowest, action)
        case .ipv6:
            try socket.set(Int32(IPPROTO_IPV6), IPV6_UNICAST_HOPS, highest, action)
            try socket.set(Int32(IPPROTO_IPV6), Self.minimumHopCount, lowest, action)
        }
    }

    /// IPV6_MINHOPCOUNT (linux/in6.h), which glibc does not have.
    private static let minimumHopCount: Int32 = 73

}

extension FileDescriptor {
    /// Signs what goes to `peer` from this socket of `family`, and hears from it only what is signed likewise.
    func sign(what peer: SocketAddress, with key: [UInt8], family: AddressFamily) throws(Errno) {
        let action = "sign what is sent to \(peer.address)"
        guard key.count <= TCPOptions.longestKeyBytes else { throw Errno(EINVAL, action) }
        var request = tcp_md5sig()
        request.tcpm_addr = InternetAddress(peer, family: family).storage
        request.tcpm_keylen = UInt16(key.count)
        withUnsafeMutableBytes(of: &request.tcpm_key) { $0.copyBytes(from: key) }
        try set(Int32(IPPROTO_TCP), TCP_MD5SIG, request, action)
    }
}
