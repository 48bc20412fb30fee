import EventLoop
import System
import Testing
import Wire

@testable import BGP

/// Peers that connect, on the loopback interface.
@Suite struct ListenerTests {
    @Test(arguments: ["127.0.0.1", "::"] as [IPAddress])
    func whoConnectsIsTaken(address: IPAddress) throws {
        let bed = try Bed(at: address)
        let (daemon, router) = (try bed.daemon(isPassive: true), try bed.router())
        bed.expect(daemon)
        for side in [daemon, router] { side.handle(.wanted(["192.0.2.8/32": Path()])) }
        daemon.handle(.start)
        router.handle(.start)
        try bed.wait { daemon.session.counters.routesReceived == 1 && router.session.counters.routesReceived == 1 }
        daemon.handle(.stop(.deconfigured))
        try bed.wait { router.session.lastCause == .told(.cease(.peerDeconfigured)) }
        bed.listener.ignore(Bed.routerAddress, for: daemon)
        #expect(bed.listener.address == nil, "nobody is expected")
    }

    /// RFC 4271 section 6.8: of two connections one is left.
    @Test func whereBothConnectOneConnectionIsLeft() throws {
        let bed = try Bed()
        let far = try Listener(at: SocketAddress(Bed.routerAddress, port: 0), loop: bed.loop)
        // To know where it listens.
        far.expect(Bed.daemonAddress, for: far) { (_: consuming TCPSocket) in }
        let place = try #require(far.address)
        let daemon = try bed.daemon(to: place)
        let router = try bed.router()
        bed.expect(daemon)
        far.expect(Bed.daemonAddress, for: router) { (socket: consuming TCPSocket) in router.accept(socket) }
        for side in [daemon, router] { side.handle(.wanted(["192.0.2.8/32": Path()])) }
        daemon.handle(.start)
        router.handle(.start)
        try bed.wait {
            [daemon, router].allSatisfy {
                $0.session.state == .established && $0.session.connections.count == 1
                    && $0.session.counters.routesReceived > 0
            }
        }
        #expect(daemon.session.connections.map(\.isOutgoing) != router.session.connections.map(\.isOutgoing))
    }

    @Test(arguments: [("secret", true), ("secrets", false), ("", false)])
    func aKeyIsRequired(key: String, isRight: Bool) throws {
        let bed = try Bed()
        let daemon = try bed.daemon(isPassive: true, key: "secret")
        let router = try bed.router(key: key)
        bed.expect(daemon)
        daemon.handle(.start)
        router.handle(.start)
        if isRight {
            try bed.wait { daemon.session.state == .established }
        } else {
            try bed.turn(for: .milliseconds(300))
            #expect(daemon.session.state == .active && router.session.state == .connect)
            // The daemon's own key changes: what is under way is sent again by the kernel.
            bed.listener.expect(Bed.routerAddress, key: Array(key.utf8), for: daemon) {
                [unowned daemon] (socket: consuming TCPSocket) in daemon.accept(socket)
            }
            try bed.wait { daemon.session.state == .openSent || daemon.session.state == .established }
        }
    }

    @Test func whoIsNotExpectedIsNotHeard() throws {
        let bed = try Bed()
        bed.listener.expect("127.0.0.77", for: bed.loop) { (_: consuming TCPSocket) in
            Issue.record("it was heard")
        }
        let router = try bed.router()
        router.handle(.start)
        try bed.wait { router.session.lastCause != nil }
        #expect(router.session.state != .established)
    }

    @Test func aPortThatIsTakenIsTold() throws {
        let bed = try Bed()
        let other = try Listener(at: try #require(bed.address), loop: bed.loop)
        var troubles: [String?] = []
        other.onTrouble = { troubles.append($0) }
        other.expect("127.0.0.77", for: bed.loop) { (_: consuming TCPSocket) in }
        #expect(other.address == nil && troubles.count == 1)
        #expect(troubles.first??.contains("Address already in use") == true)
    }

    // MARK: What a router may do

    /// RFC 7606: of what can be told apart, the session goes on.
    @Test func attributesThatAreAllWrongInTurnDoNotEndTheSession() throws {
        let bed = try Bed()
        let daemon = try bed.daemon(isPassive: true)
        let router = try bed.established(daemon)
        for (attributes, _, _) in UpdateTests.faults { router.send(UpdateTests.update(attributes)) }
        try bed.wait { daemon.session.counters.updatesReceived == UpdateTests.faults.count }
        #expect(daemon.session.state == .established)
        #expect(daemon.session.counters.faults >= UpdateTests.faults.count)
    }

    @Test func aRouterThatSendsAByteAtATimeIsUnderstood() throws {
        let bed = try Bed()
        let daemon = try bed.daemon(isPassive: true)
        let router = try bed.established(daemon, isSlow: true)
        router.send(UpdateTests.update(UpdateTests.mandatory))
        try bed.wait { daemon.session.counters.routesReceived == 1 }
        #expect(daemon.session.state == .established)
    }

    @Test func aFullTableIsCountedAndDropped() throws {
        let bed = try Bed()
        let (daemon, router) = (try bed.daemon(isPassive: true), try bed.router())
        bed.expect(daemon)
        let routes = (0..<100_000).compactMap { number in
            Prefix(.v4(IPv4Address(rawValue: 0x0A00_0000 + UInt32(number) << 8)), length: 24).map { ($0, Path()) }
        }
        router.handle(.wanted(Dictionary(uniqueKeysWithValues: routes)))
        daemon.handle(.start)
        router.handle(.start)
        try bed.wait { daemon.session.counters.routesReceived == 100_000 }
        #expect(daemon.session.state == .established && router.session.isUpToDate)
        #expect(daemon.session.announcedCount == 0)
    }

    @Test func aRouterThatSaysNothingIsGivenUp() throws {
        let bed = try Bed()
        let daemon = try bed.daemon(isPassive: true, openTimeout: .milliseconds(200))
        bed.expect(daemon)
        daemon.handle(.start)
        let router = try RawRouter(bed, isSlow: false)
        try bed.wait { router.isOver }
        var decoder = StreamDecoder()
        decoder.append(router.heard[...])
        _ = try decoder.next(Codec())
        #expect(try decoder.next(Codec()) == .notification(Notification(code: 4, subcode: 0)))
    }
}

/// A daemon's port, and a router on another address of the loopback interface.
private final class Bed {
    static let daemonAddress: IPAddress = "127.0.0.1"
    static let routerAddress: IPAddress = "127.0.0.2"

    let loop: Loop
    let listener: Listener
    private(set) var address: SocketAddress?
    private var timer: EventLoop.Timer?

    /// With a port at `place`.
    init(at place: IPAddress = Bed.daemonAddress) throws {
        loop = try Loop()
        listener = try Listener(at: SocketAddress(place, port: 0), loop: loop)
        // To know where it listens: it is open while somebody is expected.
        listener.expect("127.0.0.99", for: loop) { (_: consuming TCPSocket) in }
        address = listener.address.map { SocketAddress(Bed.daemonAddress, port: $0.port) }
    }

    func expect(_ daemon: Transport) {
        listener.expect(Self.routerAddress, key: daemon.way.key, for: daemon) {
            [unowned daemon] (socket: consuming TCPSocket) in daemon.accept(socket)
        }
        listener.ignore("127.0.0.99", for: loop)
    }

    func daemon(
        to router: SocketAddress? = nil, isPassive: Bool = false, key: String = "", openTimeout: Duration = .seconds(30)
    ) throws -> Transport {
        var settings = Settings.test
        settings.isPassive = isPassive
        settings.timing.openTimeout = openTimeout
        let peer = router ?? SocketAddress(Self.routerAddress, port: 9)
        return try Transport(settings, Way(to: peer, from: Self.daemonAddress, key: Array(key.utf8)), loop: loop)
    }

    func router(key: String = "") throws -> Transport {
        let settings = Settings(localASN: Rig.peerASN, peerASN: Rig.localASN, routerID: "10.0.0.9")
        let way = Way(to: try #require(address), from: Self.routerAddress, key: Array(key.utf8))
        return try Transport(settings, way, loop: loop)
    }

    /// A router whose every byte is the test's, once the session with it stands.
    func established(_ daemon: Transport, isSlow: Bool = false) throws -> RawRouter {
        expect(daemon)
        daemon.handle(.start)
        let router = try RawRouter(self, isSlow: isSlow)
        router.send(Codec().encode(.open(.peer())) + Codec().encode(.keepalive))
        try wait { daemon.session.state == .established }
        return router
    }

    /// Turns the loop until `condition` holds, for 20 seconds at most.
    func wait(until condition: () -> Bool) throws {
        let isLate = try turn(for: .seconds(20), until: condition)
        try #require(!isLate, "not within 20 s")
    }

    /// Turns the loop for so long. Returns whether the time is over.
    @discardableResult func turn(for duration: Duration, until condition: () -> Bool = { false }) throws -> Bool {
        var isLate = false
        timer = try loop.timer { isLate = true }
        timer?.arm(at: loop.now.advanced(by: duration))
        while !condition(), !isLate { try loop.turn() }
        return isLate
    }
}

/// A router's end of a TCP connection.
private final class RawRouter {
    private(set) var heard: [UInt8] = []
    private(set) var isOver = false

    private let socket: TCPSocket
    private let isSlow: Bool
    private var outgoing: ArraySlice<UInt8> = []
    private var source: IOSource?

    /// Connects; where it `isSlow`, it sends a byte at a time.
    init(_ bed: Bed, isSlow: Bool) throws {
        self.isSlow = isSlow
        socket = try TCPSocket(connectingTo: try #require(bed.address), from: Bed.routerAddress)
        source = try bed.loop.watch(socket.rawValue, for: .writable) { [unowned self] _ in serve() }
    }

    deinit { source = nil }

    func send(_ bytes: [UInt8]) {
        outgoing += bytes
        try? source?.watch(for: [.readable, .writable])
    }

    private func serve() {
        if let sent = try? socket.send(isSlow ? outgoing.prefix(1) : outgoing) { outgoing = outgoing.dropFirst(sent) }
        try? source?.watch(for: outgoing.isEmpty ? .readable : [.readable, .writable])
        var buffer = [UInt8](repeating: 0, count: 4096)
        guard let count = try? socket.receive(into: &buffer) else { return }
        heard += buffer[..<count]
        if count == 0 {
            isOver = true
            source = nil
        }
    }
}
