import EventLoop
import System
import Testing
import Wire

@testable import BGP

/// BFD sessions with their sockets, on the loopback interface: two hosts of it, 127.0.0.1 and 127.0.0.2, and a port that
/// other tests do not use.
@Suite(.serialized) struct BFDTransportTests {
    private static let hosts: [IPAddress] = ["127.0.0.1", "127.0.0.2"]

    @Test func bothSidesHearEachOther() throws {
        let bed = try Bed()
        let sides = [try bed.side(at: 0), try bed.side(at: 1)]
        for side in sides { side.handle(.start) }
        try bed.wait { sides.allSatisfy { $0.session.state == .up } }
        #expect(sides.allSatisfy { $0.session.counters.tooFar == 0 && $0.session.counters.malformed == 0 })
        sides[0].handle(.stop)
        try bed.wait { sides[1].session.state == .down }
        #expect(bed.reports[1] == [.up, .suspended])
    }

    @Test func silenceIsALoss() throws {
        let bed = try Bed()
        var sides: [BFDTransport?] = [try bed.side(at: 0), try bed.side(at: 1)]
        for side in sides { side?.handle(.start) }
        try bed.wait { sides.allSatisfy { $0?.session.state == .up } }
        sides[0] = nil
        try bed.wait { bed.reports[1].last == .down(.detectionTimeExpired) }
    }

    /// RFC 5881 section 5: whoever is more than one hop away cannot have sent it.
    @Test func aPacketFromAfarIsDropped() throws {
        let bed = try Bed()
        let side = try bed.side(at: 0)
        side.handle(.start)
        let stranger = try UDPSocket(at: SocketAddress(Self.hosts[1], port: 0))
        try stranger.setHopLimit(254)
        let packet = BFD.ControlPacket.peer(.down, your: 0).bytes
        try stranger.send(packet, to: SocketAddress(Self.hosts[0], port: bed.number))
        try bed.wait { side.session.counters.tooFar == 1 }
        try stranger.setHopLimit(255)
        try stranger.send(packet, to: SocketAddress(Self.hosts[0], port: bed.number))
        try bed.wait { side.session.state == .initializing }
    }

    @Test func aPortThatIsTakenIsToldOf() throws {
        let bed = try Bed()
        let taker = try UDPSocket(at: SocketAddress(Self.hosts[0], port: bed.number))
        let side = try bed.side(at: 0)
        side.handle(.start)
        #expect(bed.trouble?.contains("Address already in use") == true)
        #expect(taker.address.port == bed.number)
    }

    /// A loop and a port of BFD.
    private final class Bed {
        let loop: Loop
        let number: UInt16
        private(set) var reports: [[BFD.Report]] = [[], []]
        private(set) var trouble: String?
        private let port: BFDPort
        private var deadline: EventLoop.Timer?
        private var isLate = false

        init() throws {
            loop = try Loop()
            number = try UDPSocket(at: SocketAddress(BFDTransportTests.hosts[0], port: 0)).address.port
            port = try BFDPort(number, loop: loop)
            port.onTrouble = { [unowned self] in trouble = $0 }
        }

        /// The session of one host with the other.
        func side(at place: Int) throws -> BFDTransport {
            let hosts = BFDTransportTests.hosts
            let side = try BFDTransport(
                .test, with: hosts[1 - place], from: hosts[place], over: port, loop: loop)
            side.onReport = { [unowned self] in reports[place].append($0) }
            return side
        }

        /// Turns the loop until `condition` holds, for 20 seconds at most.
        func wait(until condition: () -> Bool) throws {
            isLate = false
            deadline = try loop.timer { [unowned self] in isLate = true }
            deadline?.arm(at: loop.now.advanced(by: .seconds(20)))
            while !condition(), !isLate { try loop.turn() }
            try #require(!isLate, "not within 20 s")
        }
    }
}
