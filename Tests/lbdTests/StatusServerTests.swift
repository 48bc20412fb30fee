import Balancer
import EventLoop
import Foundation
import System
import Testing
import Varlink

@testable import lbd

@Suite struct StatusServerTests {
    /// A client on the server's own loop, which collects what comes.
    private final class Client {
        let socket: UnixSocket
        private var source: IOSource?
        var bytes: [UInt8] = []
        var isClosed = false

        init(_ path: String, _ loop: Loop, onChange: @escaping (Client) -> Void) throws {
            socket = try UnixSocket(connectingTo: path, timeoutSeconds: 5)
            source = try loop.watch(socket.rawValue, for: .readable) { [unowned self] _ in
                var piece = [UInt8](repeating: 0, count: 4_096)
                let count = (try? socket.receive(into: &piece)) ?? 0
                bytes += piece[..<count]
                if count == 0 {
                    isClosed = true
                    source?.end()
                }
                onChange(self)
            }
        }

        func send(_ text: String) throws {
            let bytes = Array(text.utf8)
            #expect(try socket.send(bytes[...]) == bytes.count)
        }
    }

    /// A server in a folder of its own.
    private final class Bed {
        let loop: Loop
        let folder: String
        let server: StatusServer
        var path: String { "\(folder)/run/io.lbd" }

        init(services: Int = 0) throws {
            loop = try Loop()
            folder = FileManager.default.temporaryDirectory.appendingPathComponent("lbd-\(UUID().uuidString)").path
            let address = #"{"address":"192.168.2.128","advertisers":[],"interfaces":[]}"#
            let list = (0..<services).map { number in
                #"{"namespace":"default","name":"service-\#(number)","addresses":[\#(address)],"readyEndpoints":1}"#
            }.joined(separator: ",")
            let status = try StatusTableTests.status(
                #"{"node":"pi","version":"1","problems":[],"services":[\#(list)],"pools":[],"members":[],"gossip":[],"peers":[]}"#
            )
            server = try StatusServer(folder: "\(folder)/run", loop: loop) { status }
        }

        /// A client; the loop ends once `isEnough` of it.
        func client(until isEnough: @escaping (Client) -> Bool) throws -> Client {
            try Client(path, loop) { [unowned self] client in
                if isEnough(client) { loop.exit(0) }
            }
        }

        deinit {
            try? FileManager.default.removeItem(atPath: folder)
        }
    }

    private static let call = "{\"method\":\"io.lbd.GetStatus\"}\0"

    @Test func aCallIsAnsweredAndTheNextToo() throws {
        let bed = try Bed()
        let client = try bed.client { $0.bytes.count(where: { $0 == 0 }) == 2 }
        try client.send(Self.call + Self.call)
        #expect(try bed.loop.run() == 0)
        let replies = client.bytes.split(separator: 0).map(Array.init)
        #expect(replies.count == 2 && replies[0] == replies[1])
        #expect(try Reply.parameters(NodeStatus.self, in: replies[0]).node == "pi")
        #expect(bed.server.counters.calls == 2)
    }

    @Test func theSocketIsForItsOwnerAndGroupOnly() throws {
        let bed = try Bed()
        let attributes = try FileManager.default.attributesOfItem(atPath: bed.path)
        #expect(attributes[.posixPermissions] as? Int == 0o660)
        #expect(try FileManager.default.contentsOfDirectory(atPath: bed.folder + "/run") == ["io.lbd"])
    }

    @Test func aReplyLongerThanTheKernelTakesAtOnceArrivesWhole() throws {
        let bed = try Bed(services: 5_000)
        let client = try bed.client { $0.bytes.last == 0 }
        try client.send(Self.call)
        #expect(try bed.loop.run() == 0)
        #expect(try Reply.parameters(NodeStatus.self, in: client.bytes.dropLast()).services.count == 5_000)
    }

    @Test func whoSendsNonsenseIsSentAwayAndOthersAreServed() throws {
        let bed = try Bed()
        let vandal = try bed.client { $0.isClosed }
        try vandal.send("GET / HTTP/1.1\r\n\r\n\0")
        #expect(try bed.loop.run() == 0)
        #expect(vandal.bytes == [])
        #expect(bed.server.counters.endings == [.malformed: 1])
    }

    @Test func oneConnectionTooManyIsClosedAndThoseThereStay() throws {
        let bed = try Bed()
        let clients = try (0..<StatusServer.maximumConnections).map { _ in try bed.client { $0.bytes.last == 0 } }
        let last = try bed.client { $0.isClosed }
        #expect(try bed.loop.run() == 0)
        #expect(last.isClosed && bed.server.counters.refusedConnections == 1)
        #expect(clients.allSatisfy { !$0.isClosed })
    }

    @Test func aConnectionThatEndedMakesRoom() throws {
        let bed = try Bed()
        var clients: [Client] = []
        func next() throws {
            let client = try Client(bed.path, bed.loop) { _ in
                clients = []
                if bed.server.counters.connections > StatusServer.maximumConnections { return bed.loop.exit(0) }
                do { try next() } catch { Issue.record(error) }
            }
            try client.send(Self.call)
            clients = [client]
        }
        try next()
        #expect(try bed.loop.run() == 0)
        #expect(clients.isEmpty && bed.server.counters.refusedConnections == 0)
    }

    @Test func aSocketThatSomebodyLeftIsReplacedAndALongPathRefused() throws {
        let bed = try Bed()
        let status = try StatusTableTests.status(
            #"{"node":"pi2","version":"1","problems":[],"services":[],"pools":[],"members":[],"gossip":[],"peers":[]}"#)
        let successor = try StatusServer(folder: "\(bed.folder)/run", loop: bed.loop) { status }
        let client = try bed.client { $0.bytes.last == 0 }
        try client.send(Self.call)
        #expect(try bed.loop.run() == 0)
        #expect(successor.counters.calls == 1)
        let long = "\(bed.folder)/\(String(repeating: "x", count: 120))"
        #expect(throws: Errno.self) { try StatusServer(folder: long, loop: bed.loop) { status } }
    }
}
