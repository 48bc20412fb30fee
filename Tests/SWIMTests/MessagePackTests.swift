import Testing
import Wire

@testable import SWIM

/// The forms of MessagePack that another memberlist may use, now or later, and those that nobody uses in good faith: in
/// a ping, whose one field after the name is `value`.
@Suite struct MessagePackTests {
    private static func ping(_ value: String, field: String = "a55365714e6f") -> [UInt8] {
        bytes("00 82 a44e6f6465 a26e31 \(field) \(value)")
    }

    @Test(arguments: [
        "07", "cc07", "cd0007", "ce00000007", "cf0000000000000007", "d007", "d10007", "d200000007",
        "d30000000000000007",
    ])
    func anIntegerOfAnyWidth(hex: String) throws {
        #expect(try Message(Self.ping(hex)[...]) == .ping(Ping(sequence: 7, node: "n1")))
    }

    @Test(arguments: [
        "ff", "e0", "d0ff", "d1ffff", "d2ffffffff", "d3ffffffffffffffff", "d38000000000000000", "cf0000000100000000",
        "cf8000000000000000", "cfffffffffffffffff", "d30000000100000000",
    ])
    func anIntegerThatDoesNotFit(hex: String) {
        #expect(throws: SWIMError.invalid(field: "SeqNo")) { try Message(Self.ping(hex)[...]) }
    }

    @Test(arguments: [
        "a26e32", "c4026e32", "c500026e32", "c6000000026e32", "d9026e32", "da00026e32", "db000000026e32",
    ])
    func aStringOfAnyKind(hex: String) throws {
        let message = Self.ping(hex, field: "aa536f757263654e6f6465")
        #expect(try Message(message[...]) == .ping(Ping(sequence: 0, node: "n1", sourceNode: "n2")))
    }

    @Test func nilIsTheValueOfNothing() throws {
        #expect(try Message(Self.ping("c0")[...]) == .ping(Ping(sequence: 0, node: "n1")))
        #expect(try Message(bytes("02 82 a75061796c6f6164 c0 a55365714e6f 05")[...]) == .ack(Ack(sequence: 5)))
        #expect(try Message(bytes("00 c0")[...]) == .ping(Ping(sequence: 0, node: "")))
        #expect(
            try Message(bytes("01 84 a44e61636b c0 a44e6f6465 a26e32 a4506f7274 50 a6546172676574 a40a4d000c")[...])
                == .indirectPing(
                    IndirectPing(
                        sequence: 0, target: SocketAddress(.v4(IPv4Address(rawValue: 0x0A4D_000C)), port: 80),
                        node: "n2", wantsNack: false)))
    }

    @Test(arguments: [
        "01", "e0", "c0", "c2", "c3", "a3616263", "c403616263", "ca00000000", "cb0000000000000000",
        "d3ffffffffffffffff",
        "c70205aabb", "c8000205aabb", "c90000000205aabb", "d405aa", "d505aabb", "d605aabbccdd", "d7050011223344556677",
        "d80500112233445566778899aabbccddeeff", "93 01 a161 c0", "82 a161 01 a162 91 c3", "dc0001 01", "dd00000001 01",
        "de0001 a161 01", "df00000001 a161 01", "91 91 91 91 90",
    ])
    func aFieldThatIsNotKnownIsPassedOver(hex: String) throws {
        let message = bytes("00 83 a44e6f6465 a26e31 a3657874 \(hex) a55365714e6f 07")
        #expect(try Message(message[...]) == .ping(Ping(sequence: 7, node: "n1")))
        // Whatever is missing of it: it is looked at, and never beyond its end.
        for count in 0..<message.count {
            #expect(throws: SWIMError.self) { try Message(message.prefix(count)) }
        }
    }

    @Test(
        arguments: [
            ("a26e31", 0xA2), ("c3", 0xC3), ("80", 0x80), ("90", 0x90), ("ca00000000", 0xCA), ("c1", 0xC1),
        ] as [(String, UInt8)])
    func anotherKindOfValueIsRefused(hex: String, byte: UInt8) {
        let expected = byte == 0xC1 ? "a value" : "a number"
        #expect(throws: SWIMError.mistyped(expected: expected, byte: byte)) { try Message(Self.ping(hex)[...]) }
    }

    @Test func whatIsNoStructureIsRefused() {
        for byte in [0x01, 0x90, 0xA0, 0xC2] as [UInt8] {
            #expect(throws: SWIMError.mistyped(expected: "a structure", byte: byte)) { try Message([0, byte]) }
        }
    }

    /// Lengths that promise more than there is cost nothing, and depth costs no stack.
    @Test(arguments: ["dbffffffff", "c6ffffffff", "c9ffffffff", "ddffffffff", "dfffffffff", "dfffffffff dfffffffff"])
    func lengthsThatPromiseTooMuchAreRefused(hex: String) {
        #expect(throws: SWIMError.self) { try Message(Self.ping(hex, field: "a3657874")[...]) }
        #expect(throws: SWIMError.self) { try Message(bytes("00 \(hex)")[...]) }
    }

    @Test func depthCostsNoStack() throws {
        let depth = 200_000
        let nested = Array(repeating: UInt8(0x91), count: depth)
        let start = bytes("00 83 a44e6f6465 a26e31 a3657874")
        let message = start + nested + bytes("c0 a55365714e6f 07")
        #expect(try Message(message[...]) == .ping(Ping(sequence: 7, node: "n1")))
        #expect(throws: SWIMError.truncated(needed: 1, available: 0)) { try Message((start + nested)[...]) }
    }
}
