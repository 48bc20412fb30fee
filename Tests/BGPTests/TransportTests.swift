import EventLoop
import System
import Testing
import Wire

@testable import BGP

/// Sessions with their sockets, on the loopback interface.
@Suite struct TransportTests {
    private static let path = Path(communities: [Community(high: 64_512, low: 1)])

    @Test func aRouterIsToldAndTakenLeaveOf() throws {
        let bed = try Bed()
        let transport = try bed.transport()
        transport.handle(.wanted(["192.0.2.8/32": Self.path]))
        transport.handle(.start)
        try bed.wait { bed.table == ["192.0.2.8/32": Self.path] }
        transport.handle(.amended(["192.0.2.8/32": nil, "192.0.2.9/32": Self.path]))
        try bed.wait { bed.table == ["192.0.2.9/32": Self.path] }
        #expect(bed.router.state == .established)
        transport.handle(.stop(.shutdown(text: "the node is rebooted")))
        try bed.wait { bed.reports.last == .ended }
        #expect(bed.table.isEmpty)
        #expect(bed.router.lastCause == .told(.cease(.administrativeShutdown, text: "the node is rebooted")))
    }

    /// Then there is nobody to be told, and nothing to wait for.
    @Test func whatHasNoConnectionEndsAtOnce() throws {
        let bed = try Bed()
        let transport = try bed.transport(to: try TCPListener(at: Bed.anywhere).address)
        transport.handle(.start)
        try bed.wait { !bed.reports.isEmpty }
        transport.handle(.stop(.shutdown(text: "the node is rebooted")))
        #expect(bed.reports.last == .ended)
    }

    @Test func manyRoutesGoInPieces() throws {
        let bed = try Bed()
        let transport = try bed.transport()
        let routes = (0..<30_000).compactMap { number in
            Prefix(.v4(IPv4Address(rawValue: 0x0A00_0000 + UInt32(number))), length: 32).map {
                ($0, Path(communities: [Community(rawValue: UInt32(number))]))
            }
        }
        transport.handle(.wanted(Dictionary(uniqueKeysWithValues: routes)))
        transport.handle(.start)
        try bed.wait { bed.table.count == routes.count }
        #expect(transport.session.announcedCount == routes.count)
    }

    @Test func whereNobodyListensThatIsTold() throws {
        let bed = try Bed()
        let free = try TCPListener(at: Bed.anywhere).address
        let transport = try bed.transport(to: free)
        transport.handle(.start)
        try bed.wait { !bed.reports.isEmpty }
        #expect(bed.reports == [.failed(.unreachable("Connection refused"))])
    }

    @Test func anAddressOfAnotherHostCannotBeTheSource() throws {
        let bed = try Bed()
        let transport = try bed.transport(from: "192.0.2.77")
        transport.handle(.start)
        try bed.wait { !bed.reports.isEmpty }
        #expect(bed.reports == [.failed(.unreachable("Cannot assign requested address"))])
    }

    /// The kernel would reset a connection that is closed while something waits to be read, and the other side might never
    /// see why.
    @Test func theReasonArrivesWhateverElseWasSent() throws {
        let bed = try Bed()
        let listener = try TCPListener(at: Bed.anywhere)
        let transport = try bed.transport(to: listener.address)
        var accepted: TCPSocket?
        let source = try bed.loop.watch(listener.rawValue, for: .readable) { _ in
            if let socket = try? listener.accept() { accepted = consume socket }
        }
        transport.handle(.start)
        try bed.wait { accepted != nil }
        source.end()
        guard let peer = accepted.take() else { return }
        let flood = Codec().encode(.open(.peer(asn: 65_000))) + [UInt8](repeating: 0, count: 1 << 17)
        var sent = try peer.send(flood[...])
        var heard: [UInt8] = []
        var isOver = false
        var buffer = [UInt8](repeating: 0, count: 4096)
        let exchange = try bed.loop.watch(peer.rawValue, for: [.readable, .writable]) { _ in
            if sent < flood.count { sent += (try? peer.send(flood[sent...])) ?? 0 }
            guard let count = try? peer.receive(into: &buffer) else { return }
            heard += buffer[..<count]
            isOver = count == 0
        }
        try bed.wait { isOver }
        exchange.end()
        var decoder = StreamDecoder()
        decoder.append(heard[...])
        _ = try decoder.next(Codec())
        #expect(try decoder.next(Codec()) == .notification(Notification(code: 2, subcode: 2)))
    }
}

/// A router, which listens on a port of the loopback interface, and the daemon's side of the peering.
private final class Bed {
    static let anywhere = SocketAddress(.v4(IPv4Address(rawValue: 0x7F00_0001)), port: 0)

    let loop: Loop
    private(set) var reports: [Report] = []
    private(set) var router: Session
    /// What the router has been told.
    private(set) var table: [Prefix: Path] = [:]

    private let listener: TCPListener
    private var source: IOSource?
    private var waiting: TCPSocket?
    private var streams: [Int: Stream] = [:]
    private var decoder = StreamDecoder()
    private var rng = PRNG(seed: 1)
    private var deadline: EventLoop.Timer?
    private var isLate = false

    init() throws {
        loop = try Loop()
        listener = try TCPListener(at: Self.anywhere)
        router = Session(
            Settings(
                localASN: BGP.Settings.test.peerASN, peerASN: BGP.Settings.test.localASN, routerID: "10.0.0.9",
                isPassive: true))
        source = try loop.watch(listener.rawValue, for: .readable) { [unowned self] in
            _ = $0; accept()
        }
        handle(.wanted([:]))
        handle(.start)
    }

    deinit { source = nil }

    /// The daemon's side, not begun.
    func transport(to peer: SocketAddress? = nil, from source: IPAddress? = nil) throws -> Transport {
        let transport = try Transport(.test, Way(to: peer ?? listener.address, from: source), loop: loop)
        transport.onReport = { [unowned self] in reports.append($0) }
        return transport
    }

    /// Turns the loop until `condition` holds, for 20 seconds at most.
    func wait(until condition: () -> Bool) throws {
        isLate = false
        deadline = try loop.timer { [unowned self] in isLate = true }
        deadline?.arm(at: loop.now.advanced(by: .seconds(20)))
        while !condition(), !isLate { try loop.turn() }
        try #require(!isLate, "not within 20 s")
    }

    private func accept() {
        guard let socket = try? listener.accept() else { return }
        waiting = consume socket
        handle(.accepted(localAddress: listener.address.address))
    }

    private func handle(_ event: Event) {
        if case .received(let bytes, _) = event { listen(bytes) }
        for directive in router.handle(event, at: loop.now, using: &rng) {
            switch directive {
            case .take(let id): take(id)
            case .send(let bytes, on: let id): streams[id]?.send(bytes)
            case .close(let id): streams[id]?.finish()
            case .refuse: waiting = nil
            case .connect, .wake, .report: break
            }
        }
    }

    private func take(_ id: Int) {
        guard let socket = waiting.take() else { return }
        let stream = Stream(socket, isConnected: true, loop: loop) { [unowned self] news in take(news, id) }
        try? stream.open()
        streams[id] = stream
    }

    private func take(_ news: Stream.News, _ id: Int) {
        switch news {
        case .received(let bytes): handle(.received(bytes, on: id))
        case .drained: handle(.drained(id))
        case .closed(let why): handle(.closed(id, why))
        case .connected, .failed, .finished: break
        }
    }

    private func listen(_ bytes: ArraySlice<UInt8>) {
        decoder.append(bytes)
        var codec = Codec(hasFourOctetASNs: true, sendsExtendedMessages: true)
        codec.isInternal = false
        while let message = try? decoder.next(codec) {
            guard case .update(let update) = message else { continue }
            for prefix in update.withdrawn { table[prefix] = nil }
            for prefix in update.announced { table[prefix] = Path(communities: update.attributes.communities) }
        }
    }
}
