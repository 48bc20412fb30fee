import Glibc
import System
import Testing
import Wire

/// UDP and TCP sockets, on the loopback interface.
@Suite struct InternetSocketTests {
    private static let loopback4 = SocketAddress(.v4(IPv4Address(rawValue: 0x7F00_0001)), port: 0)
    private static let loopback6 = SocketAddress(.v6(IPv6Address(high: 0, low: 1)), port: 0)
    private static let any6 = SocketAddress(.v6(IPv6Address(high: 0, low: 0)), port: 0)
    /// The loopback interface has this index in every network namespace.
    private static let loopbackIndex: UInt32 = 1

    /// Waits until the descriptor can be read, or written.
    private func wait(_ descriptor: Int32, for events: Int32 = POLLIN) throws {
        var request = pollfd(fd: descriptor, events: Int16(events), revents: 0)
        try #require(poll(&request, 1, 10_000) == 1)
    }

    // MARK: UDP

    @Test(arguments: [loopback4, loopback6])
    func aDatagramComesWithItsSourceAndInterface(_ address: SocketAddress) throws {
        let receiver = try UDPSocket(at: address)
        let sender = try UDPSocket(at: address)
        #expect(receiver.address.port != 0)
        var buffer = [UInt8](repeating: 0, count: 16)
        #expect(try receiver.receive(into: &buffer) == nil)
        try sender.send([1, 2, 3], to: receiver.address)
        try wait(receiver.rawValue)
        let reception = try #require(try receiver.receive(into: &buffer))
        #expect(Array(buffer.prefix(reception.count)) == [1, 2, 3])
        #expect(reception.source == sender.address)
        #expect(reception.interfaceIndex == Self.loopbackIndex)
    }

    @Test func aLongDatagramIsCut() throws {
        let receiver = try UDPSocket(at: Self.loopback4)
        try UDPSocket(at: Self.loopback4).send([1, 2, 3, 4], to: receiver.address)
        try wait(receiver.rawValue)
        var buffer = [UInt8](repeating: 0, count: 3)
        #expect(try receiver.receive(into: &buffer)?.count == 3)
        #expect(try receiver.receive(into: &buffer) == nil)
    }

    /// Bound to `::` one socket serves both families, and calls an IPv4 host by its own address.
    @Test func anIPv6SocketHearsAndReachesIPv4() throws {
        let both = try UDPSocket(at: Self.any6)
        let four = try UDPSocket(at: Self.loopback4)
        var buffer = [UInt8](repeating: 0, count: 16)
        try four.send([4], to: SocketAddress(Self.loopback4.address, port: both.address.port))
        try wait(both.rawValue)
        #expect(try both.receive(into: &buffer)?.source == four.address)
        try both.send([6], to: four.address)
        try wait(four.rawValue)
        #expect(try four.receive(into: &buffer)?.source.port == both.address.port)
    }

    @Test func aTakenPortIsTold() throws {
        let holder = try UDPSocket(at: Self.loopback4)
        let taken = holder.address
        #expect(throws: Errno(EADDRINUSE, "listen on \(taken)")) { _ = try UDPSocket(at: taken).address }
        let listener = try TCPListener(at: Self.loopback4)
        let busy = listener.address
        #expect(throws: Errno(EADDRINUSE, "listen on \(busy)")) { _ = try TCPListener(at: busy).address }
    }

    @Test func aGroupIsHeardOnceItIsJoined() throws {
        let group = IPAddress.v4(IPv4Address(rawValue: 0xE000_00E7))
        let receiver = try UDPSocket(at: SocketAddress(.v4(IPv4Address(rawValue: 0)), port: 0))
        let sender = try UDPSocket(at: Self.loopback4)
        let destination = SocketAddress(group, port: receiver.address.port)
        try sender.setMulticastInterface(Self.loopbackIndex)
        try sender.send([1], to: destination)
        try receiver.join(group, on: Self.loopbackIndex)
        #expect(throws: Errno(EADDRINUSE, "hear 224.0.0.231 on interface 1")) {
            try receiver.join(group, on: Self.loopbackIndex)
        }
        try sender.send([2], to: destination)
        try wait(receiver.rawValue)
        var buffer = [UInt8](repeating: 0, count: 16)
        let reception = try #require(try receiver.receive(into: &buffer))
        #expect(buffer[0] == 2, "what was sent before is not for this socket")
        #expect(reception.source == sender.address)
        #expect(reception.interfaceIndex == Self.loopbackIndex)
    }

    /// A socket that has joined nothing hears nothing that another of this host has joined, nor a copy of it.
    @Test(arguments: [SocketAddress(.v4(IPv4Address(rawValue: 0)), port: 0), any6])
    func aGroupIsHeardByTheSocketThatJoinedAlone(_ address: SocketAddress) throws {
        let group = IPAddress.v4(IPv4Address(rawValue: 0xE000_00E8))
        let bystander = try UDPSocket(at: address)
        let destination = SocketAddress(group, port: bystander.address.port)
        let receiver = try UDPSocket(at: destination)
        try receiver.join(group, on: Self.loopbackIndex)
        // By a socket of IPv6 as well, where it can send to IPv4.
        try bystander.setMulticastInterface(Self.loopbackIndex)
        let sender = try UDPSocket(at: Self.loopback4)
        try sender.setMulticastInterface(Self.loopbackIndex)
        try sender.send([1], to: destination)
        try wait(receiver.rawValue)
        var buffer = [UInt8](repeating: 0, count: 16)
        #expect(try receiver.receive(into: &buffer)?.count == 1)
        #expect(try bystander.receive(into: &buffer) == nil)
        try bystander.send([2, 3], to: destination)
        try wait(receiver.rawValue)
        #expect(try receiver.receive(into: &buffer)?.count == 2)
    }

    @Test func aGroupOnAnInterfaceThatIsNotThereIsTold() throws {
        let socket = try UDPSocket(at: Self.loopback4)
        let group = IPAddress.v4(IPv4Address(rawValue: 0xE000_00E7))
        #expect(throws: Errno(ENODEV, "hear 224.0.0.231 on interface 4294967")) {
            try socket.join(group, on: 4_294_967)
        }
    }

    // MARK: TCP

    @Test(arguments: [loopback4, loopback6])
    func aConnectionCarriesBytesBothWays(_ address: SocketAddress) throws {
        let listener = try TCPListener(at: address)
        #expect(try listener.accept() == nil)
        let client = try TCPSocket(connectingTo: listener.address)
        try wait(client.rawValue, for: POLLOUT)
        try client.finishConnecting()
        try wait(listener.rawValue)
        guard let server = try listener.accept() else {
            Issue.record("no connection")
            return
        }
        #expect(server.peer.address == address.address && client.peer == listener.address)
        var buffer = [UInt8](repeating: 0, count: 16)
        #expect(try server.receive(into: &buffer) == nil)
        #expect(try client.send([1, 2, 3][1...]) == 2)
        try wait(server.rawValue)
        #expect(try server.receive(into: &buffer) == 2)
        #expect(Array(buffer.prefix(2)) == [2, 3])
        #expect(try server.send([4]) == 1)
        try wait(client.rawValue)
        #expect(try client.receive(into: &buffer) == 1)
        #expect(buffer[0] == 4)
    }

    @Test func nobodyThereIsTold() throws {
        let port = try TCPListener(at: Self.loopback4).address
        let client = try TCPSocket(connectingTo: port)
        try wait(client.rawValue, for: POLLOUT)
        #expect(throws: Errno(ECONNREFUSED, "connect to \(port)")) { try client.finishConnecting() }
    }

    // MARK: Randomness

    @Test func randomBytesAreAsManyAsAskedForAndNeverTheSame() throws {
        let (first, second) = (try Random.bytes(128), try Random.bytes(128))
        #expect(first.count == 128 && second.count == 128)
        #expect(first != second)
    }

    @Test(arguments: [loopback4, loopback6]) func aDatagramTellsHowLongItHasWaited(_ address: SocketAddress) throws {
        let receiver = try UDPSocket(at: address)
        let sender = try UDPSocket(at: address)
        var buffer = [UInt8](repeating: 0, count: 16)
        try sender.send([1], to: receiver.address)
        try wait(receiver.rawValue)
        #expect(try receiver.receive(into: &buffer)?.age == .zero)
        try receiver.tellAges()
        try sender.send([2], to: receiver.address)
        usleep(50_000)
        let age = try #require(try receiver.receive(into: &buffer)?.age)
        #expect((.milliseconds(50)...(.seconds(1))).contains(age))
    }

    @Test(arguments: [loopback4, loopback6]) func aDatagramComesWithItsHopLimit(_ address: SocketAddress) throws {
        // Bound to `::` it hears both families.
        let receiver = try UDPSocket(at: Self.any6)
        let sender = try UDPSocket(at: address)
        try sender.setHopLimit(7)
        var buffer = [UInt8](repeating: 0, count: 16)
        let destination = SocketAddress(address.address, port: receiver.address.port)
        try sender.send([1], to: destination)
        try wait(receiver.rawValue)
        #expect(try receiver.receive(into: &buffer)?.hopLimit == 0)
        try receiver.tellHopLimits()
        try sender.send([1], to: destination)
        try wait(receiver.rawValue)
        #expect(try receiver.receive(into: &buffer)?.hopLimit == 7)
    }

    // MARK: What a router asks for

    private func option(_ descriptor: Int32, _ level: Int32, _ option: Int32) throws -> Int32 {
        var value: Int32 = -1
        var size = socklen_t(MemoryLayout<Int32>.size)
        try #require(getsockopt(descriptor, level, option, &value, &size) == 0)
        return value
    }

    @Test(arguments: [(1, 255), (2, 254), (255, 1), (1_000, 1)]) func theOtherSideMayBeSoFarAway(
        hops: Int, lowest: Int32
    ) throws {
        let minimumHopCount: Int32 = 73
        let listener4 = try TCPListener(at: Self.loopback4)
        let socket4 = try TCPSocket(connectingTo: listener4.address, with: TCPOptions(hops: hops))
        #expect(try option(socket4.rawValue, Int32(IPPROTO_IP), IP_TTL) == 255)
        #expect(try option(socket4.rawValue, Int32(IPPROTO_IP), IP_MINTTL) == lowest)
        let listener6 = try TCPListener(at: Self.loopback6)
        let socket6 = try TCPSocket(connectingTo: listener6.address, with: TCPOptions(hops: hops))
        #expect(try option(socket6.rawValue, Int32(IPPROTO_IPV6), IPV6_UNICAST_HOPS) == 255)
        #expect(try option(socket6.rawValue, Int32(IPPROTO_IPV6), minimumHopCount) == lowest)
    }

    @Test func aConnectionComesFromTheAddressThatWasSet() throws {
        let listener = try TCPListener(at: Self.loopback4)
        let source = IPAddress.v4(IPv4Address(rawValue: 0x7F00_0002))
        let socket = try TCPSocket(connectingTo: listener.address, from: source)
        try wait(listener.rawValue)
        let peer = try listener.accept()?.peer
        #expect(peer?.address == source)
        #expect(try socket.localAddress() == peer)
    }

    /// Nobody answers to a signature that is not expected: what is not signed does not get through either.
    @Test(arguments: [loopback4, loopback6]) func segmentsAreSigned(_ address: SocketAddress) throws {
        let listener = try TCPListener(at: address)
        let signed = try TCPSocket(connectingTo: listener.address, with: TCPOptions(key: Array("gooseberry".utf8)))
        let plain = try TCPSocket(connectingTo: listener.address)
        try wait(listener.rawValue)
        let address = try plain.localAddress()
        #expect(try listener.accept()?.peer == address)
        #expect(try listener.accept()?.peer == nil)
        #expect(throws: Errno(EINVAL, "sign what is sent to \(listener.address.address)")) {
            let key = [UInt8](repeating: 1, count: 81)
            _ = try TCPSocket(connectingTo: listener.address, with: TCPOptions(key: key)).rawValue
        }
        _ = signed.rawValue
    }

    @Test func theEndIsHeardAfterWhatWasSent() throws {
        let listener = try TCPListener(at: Self.loopback4)
        let socket = try TCPSocket(connectingTo: listener.address)
        try wait(listener.rawValue)
        guard let accepted = try listener.accept() else { throw Errno(EAGAIN, "accept a connection") }
        #expect(try socket.send([1, 2]) == 2)
        try socket.finishSending()
        var buffer = [UInt8](repeating: 0, count: 16)
        try wait(accepted.rawValue)
        #expect(try accepted.receive(into: &buffer) == 2)
        #expect(try accepted.receive(into: &buffer) == 0)
        #expect(try accepted.send([3]) == 1)
        try wait(socket.rawValue)
        #expect(try socket.receive(into: &buffer) == 1)
    }
}
