import Heartbeat
import Testing
import Wire

@Suite struct PacketTests {
    /// Each kind, as the bytes that another daemon sends.
    static let literal: [(Packet, [UInt8])] = [
        (
            Packet(
                sender: "pi1", instance: 0x0102_0304_0506_0708, counter: 9,
                body: .beat(
                    Beat(
                        claimCount: 2, digest: 0x0B0A, intervalMilliseconds: 75, pauseMilliseconds: 5_000
                    )
                )),
            [
                1, 1, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0, 0, 0, 0, 9, 3, 0x70, 0x69, 0x31,
                0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0x0B, 0x0A, 0, 75, 0x13, 0x88,
            ]
        ),
        (
            Packet(sender: "a", instance: 1, counter: 2, body: .inquiry(number: 7, node: "pi2")),
            [2, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2, 1, 0x61, 0, 0, 0, 7, 3, 0x70, 0x69, 0x32]
        ),
        (
            Packet(
                sender: "a", instance: 1, counter: 3, body: .finding(number: 7, node: "b", silenceMilliseconds: 258)),
            [3, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 3, 1, 0x61, 0, 0, 0, 7, 1, 0x62, 0, 0, 1, 2]
        ),
    ]

    @Test(arguments: literal) func bytesBothWays(packet: Packet, bytes: [UInt8]) throws {
        #expect(packet.bytes == bytes)
        #expect(try Packet(bytes) == packet)
    }

    @Test(arguments: literal) func whatIsCutShortOrTooLongIsRefused(packet: Packet, bytes: [UInt8]) {
        for count in bytes.indices {
            #expect(throws: WireError.self) { try Packet(Array(bytes[..<count])) }
        }
        #expect(throws: WireError.invalid(field: "length", value: 1)) { try Packet(bytes + [0]) }
    }

    @Test func whatIsNotKnownIsRefused() {
        var bytes = Self.literal[1].1
        bytes[0] = 4
        #expect(throws: WireError.invalid(field: "kind", value: 4)) { try Packet(bytes) }
        bytes[0] = 2
        bytes[1] = 2
        #expect(throws: WireError.invalid(field: "version", value: 2)) { try Packet(bytes) }
        bytes[1] = 1
        bytes[18] = 0
        #expect(throws: WireError.invalid(field: "length of a name", value: 0)) { try Packet(bytes) }
        bytes[18] = 1
        bytes[19] = 0xFF
        #expect(throws: WireError.self) { try Packet(bytes) }
    }

    @Test func aNameThatIsTooLongIsCut() throws {
        let long = String(repeating: "x", count: 300)
        let packet = Packet(sender: long, instance: 1, counter: 1, body: .inquiry(number: 1, node: long))
        #expect(try Packet(packet.bytes).sender.utf8.count == 253)
    }
}
