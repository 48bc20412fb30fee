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
}
