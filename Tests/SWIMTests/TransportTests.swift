import EventLoop
import System
import Testing
import Wire

@testable import SWIM

/// Whole members on the loopback interface: an Instance each, with its sockets.
@Suite struct TransportTests {
    private static let host = IPAddress.v4(IPv4Address(rawValue: 0x7F00_0001))
    private static let secret = Array("gooseberries and blackberries for breakfast".utf8)
    private static let other = Array("raspberries with a little cream for dinner".utf8)

    /// A loop with members that are told apart by their names.
    private final class Group {
        let loop: Loop
        private(set) var members: [String: Transport] = [:]
        private(set) var statuses: [String: [String: Member.Status]] = [:]
        private(set) var reports: [String: [Report]] = [:]
        private(set) var direct: [String: [[UInt8]]] = [:]
        private var troubles: [String: [Errno?]] = [:]
        private var deadline: EventLoop.Timer?
        private var isLate = false

        init() throws {
            loop = try Loop()
        }

        /// A member that listens at `port`, by default one that is free.
        @discardableResult
        func add(_ name: String, port: UInt16? = nil, secret: [UInt8] = secret, accepting others: [[UInt8]] = []) throws
            -> SocketAddress
        {
            let free = try UDPSocket(at: SocketAddress(TransportTests.host, port: 0)).address.port
            let address = SocketAddress(TransportTests.host, port: port ?? free)
            let transport = try Transport(
                loop: loop, name: name, address: address, listeningAt: address, secret: secret,
                accepting: others)
            members[name] = transport
            transport.onReport = { [unowned self] report in
                reports[name, default: []].append(report)
                if case .changed(let member) = report { statuses[name, default: [:]][member.name] = member.status }
            }
            transport.onDirect = { [unowned self] bytes, _, _ in direct[name, default: []].append(bytes) }
            transport.onTrouble = { [unowned self] error in troubles[name, default: []].append(error) }
            transport.open()
            return address
        }

        func remove(_ name: String) { members[name] = nil }

        /// The errors that the member was told of; nil among them for none any more.
        func troubles(of name: String) -> [Int32?] { (troubles[name] ?? []).map { $0?.code } }

        /// Turns the loop until `condition` holds, for 20 seconds at most.
        func wait(until condition: () -> Bool) throws {
            isLate = false
            deadline = try loop.timer { [unowned self] in isLate = true }
            deadline?.arm(at: loop.now.advanced(by: .seconds(20)))
            while !condition(), !isLate { try loop.turn() }
            try #require(!isLate, "not within 20 s")
        }

        /// How `name` sees the others.
        func view(_ name: String) -> [String: Member.Status] { (statuses[name] ?? [:]).filter { $0.key != name } }
    }

    @Test func membersJoinAndLeave() throws {
        let group = try Group()
        let first = try group.add("a")
        try group.add("b")
        try group.add("c")
        group.members["b"]?.handle(.join([first]))
        group.members["c"]?.handle(.join([first]))
        try group.wait {
            group.view("a") == ["b": .alive, "c": .alive] && group.view("b") == ["a": .alive, "c": .alive]
                && group.view("c") == ["a": .alive, "b": .alive]
        }
        group.members["c"]?.handle(.leave)
        try group.wait { group.view("a")["c"] == .left && group.view("b")["c"] == .left }
        try group.wait { group.reports["c"]?.contains(.hasLeft) ?? false }
        #expect(group.members["a"]?.counters.undecryptable == 0)
        #expect(group.members["a"]?.counters.malformed == 0)
        #expect(group.members["a"]?.counters.sendErrors == 0)
    }

    @Test func broadcastsAndUserStatesArrive() throws {
        let group = try Group()
        let first = try group.add("a")
        try group.add("b")
        group.members["a"]?.handle(.userState([1, 2, 3]))
        group.members["b"]?.handle(.join([first]))
        try group.wait { group.reports["b"]?.contains(.merged([1, 2, 3], isJoin: true)) ?? false }
        try group.wait { group.view("a")["b"] == .alive }
        group.members["a"]?.handle(.broadcast([17, 8]))
        try group.wait { group.reports["b"]?.contains(.told([17, 8])) ?? false }
    }

    /// They are no gossip: nobody passes them on, and the same may come again.
    @Test func directMessagesReachTheirReceiverAlone() throws {
        let group = try Group()
        let first = try group.add("a")
        let second = try group.add("b")
        try group.add("c")
        group.members["b"]?.handle(.join([first]))
        group.members["c"]?.handle(.join([first]))
        try group.wait { group.view("c") == ["a": .alive, "b": .alive] }
        for _ in 0..<2 { group.members["a"]?.sendDirectly([1, 2, 3], to: second) }
        try group.wait { group.direct["b"] == [[1, 2, 3], [1, 2, 3]] }
        group.members["a"]?.handle(.broadcast([16, 1]))
        try group.wait { group.reports["c"]?.contains(.told([16, 1])) ?? false }
        #expect(group.direct["a"] == nil && group.direct["c"] == nil)
        #expect(group.reports["b"]?.contains(.told([1, 2, 3])) == false)
    }

    @Test func anotherSecretIsRefusedAndCounted() throws {
        let group = try Group()
        let first = try group.add("a")
        let second = try group.add("b", secret: Self.other)
        group.members["b"]?.handle(.join([first]))
        try group.wait { (group.members["a"]?.counters.undecryptable ?? 0) > 0 }
        #expect(group.members["a"]?.lastRefused?.address == second.address)
        #expect(group.view("a") == [:] && group.view("b") == [:])
    }

    @Test func whoAcceptsBothSecretsHearsWhoSendsWithEither() throws {
        let group = try Group()
        let first = try group.add("a", accepting: [Self.other])
        try group.add("b", secret: Self.other, accepting: [Self.secret])
        group.members["b"]?.handle(.join([first]))
        try group.wait { group.view("a") == ["b": .alive] && group.view("b") == ["a": .alive] }
        group.members["a"]?.use(Self.other, accepting: [Self.secret])
        let before = group.members["b"]?.counters.received ?? 0
        try group.wait { (group.members["b"]?.counters.received ?? 0) > before + 2 }
        for name in ["a", "b"] { group.members[name]?.use(Self.other) }
        let between = group.members["b"]?.counters.received ?? 0
        try group.wait { (group.members["b"]?.counters.received ?? 0) > between + 2 }
        #expect(group.members["a"]?.counters.undecryptable == 0)
        #expect(group.members["b"]?.counters.undecryptable == 0)
    }

    @Test func aTakenPortIsTriedAgain() throws {
        let group = try Group()
        var holder: UDPSocket? = try UDPSocket(at: SocketAddress(Self.host, port: 0))
        let port = try #require(holder?.address.port)
        let first = try group.add("a", port: port)
        try group.add("b")
        group.members["b"]?.handle(.join([first]))
        #expect(group.troubles(of: "a") == [98])
        #expect(group.members["a"]?.localAddress == nil)
        holder = nil
        try group.wait { group.view("a") == ["b": .alive] && group.view("b") == ["a": .alive] }
        #expect(group.troubles(of: "a").last == .some(nil))
    }

    /// Each connection is bounded: in what it sends, and in how many there are.
    @Test func nobodyTakesAllConnections() throws {
        let group = try Group()
        let first = try group.add("a")
        var idle: [Connection] = []
        for _ in 0..<TransportLimit.acceptedFromOne + 3 { idle.append(try Connection(to: first)) }
        try group.wait { group.members["a"]?.counters.refusedConnections == 3 }
        idle = []
        try group.add("b")
        group.members["b"]?.handle(.join([first]))
        try group.wait { group.view("a") == ["b": .alive] }
        #expect(idle.isEmpty)
    }

    @Test func nonsenseIsCountedAndTheConnectionClosed() throws {
        let group = try Group()
        let first = try group.add("a")
        let connection = try Connection(to: first)
        connection.send([200, 1, 2, 3])
        try group.wait { (group.members["a"]?.counters.undecryptable ?? 0) > 0 }
        try group.wait { connection.isClosed }
        let sender = try UDPSocket(at: SocketAddress(Self.host, port: 0))
        try sender.send([], to: first)
        try sender.send([1, 2, 3], to: first)
        try group.wait { (group.members["a"].map { $0.counters.undecryptable + $0.counters.malformed } ?? 0) > 2 }
    }

    /// A client's connection, which an array can hold.
    private final class Connection {
        private let socket: TCPSocket

        init(to address: SocketAddress) throws {
            socket = try TCPSocket(connectingTo: address)
        }

        func send(_ bytes: [UInt8]) { _ = try? socket.send(bytes[...]) }

        var isClosed: Bool {
            var buffer: [UInt8] = [0]
            do { return try socket.receive(into: &buffer) == 0 } catch { return true }
        }
    }
}
