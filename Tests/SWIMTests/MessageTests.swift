import Testing
import Wire

@testable import SWIM

/// Messages beside their bytes, which were written by memberlist 0.2.2 (Debian's
/// golang-github-hashicorp-memberlist-dev) where no speaker of MetalLB is named.
@Suite struct MessageTests {
    struct Vector: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let bytes: [UInt8]
        let message: Message

        init(_ name: String, _ hex: String, _ message: Message) {
            testDescription = name
            bytes = SWIMTests.bytes(hex)
            self.message = message
        }
    }

    static let vectors = [
        Vector(
            "ping of MetalLB 0.10.3", "00 82 a44e6f6465 a26e31 a55365714e6f 01", .ping(Ping(sequence: 1, node: "n1"))),
        Vector(
            "ping of MetalLB 0.16.1, which tells where it comes from",
            "00 85 a44e6f6465 a26e32 a55365714e6f 01 aa536f7572636541646472 a40a4d000b aa536f757263654e6f6465 a26e31"
                + "aa536f75726365506f7274 cd1f0a",
            .ping(Ping(sequence: 1, node: "n2", source: .pi(11), sourceNode: "n1"))),
        Vector(
            "ping, two bytes of sequence", "00 82 a44e6f6465 aa676f6f73656265727279 a55365714e6f cd012c",
            .ping(Ping(sequence: 300, node: "gooseberry"))),
        Vector(
            "indirect ping of MetalLB 0.10.3",
            "01 85 a44e61636b c3 a44e6f6465 a26e32 a4506f7274 cd1f0a a55365714e6f 08 a6546172676574 a40a4d000c",
            .indirectPing(IndirectPing(sequence: 8, target: .pi(12), node: "n2"))),
        Vector(
            "indirect ping of MetalLB 0.16.1",
            "01 88 a44e61636b c3 a44e6f6465 a26e32 a4506f7274 cd1f0a a55365714e6f 08 aa536f7572636541646472 a40a4d000d"
                + "aa536f757263654e6f6465 a26e33 aa536f75726365506f7274 cd1f0a a6546172676574 a40a4d000c",
            .indirectPing(
                IndirectPing(sequence: 8, target: .pi(12), node: "n2", source: .pi(13), sourceNode: "n3"))),
        Vector(
            "indirect ping to an IPv6 address, without nack",
            "01 85 a44e61636b c2 a44e6f6465 a3706932 a4506f7274 cd1f0a a55365714e6f ce00011170"
                + "a6546172676574 b0fd000000000000000000000000000010",
            .indirectPing(IndirectPing(sequence: 70_000, target: .ipv6, node: "pi2", wantsNack: false))),
        Vector("ack of MetalLB", "02 82 a75061796c6f6164 c0 a55365714e6f 01", .ack(Ack(sequence: 1))),
        Vector(
            "ack with a payload", "02 82 a75061796c6f6164 a3010203 a55365714e6f ccc8",
            .ack(Ack(sequence: 200, payload: [1, 2, 3]))),
        Vector("nack of MetalLB", "0b 81 a55365714e6f 08", .nack(sequence: 8)),
        Vector("nack, the largest sequence", "0b 81 a55365714e6f ceffffffff", .nack(sequence: .max)),
        Vector(
            "suspect of MetalLB", "03 83 a446726f6d a26e33 ab496e6361726e6174696f6e 01 a44e6f6465 a26e32",
            .suspect(Suspect(incarnation: 1, node: "n2", from: "n3"))),
        Vector(
            "suspect", "03 83 a446726f6d a3706931 ab496e6361726e6174696f6e cc80 a44e6f6465 a3706932",
            .suspect(Suspect(incarnation: 128, node: "pi2", from: "pi1"))),
        Vector(
            "alive of MetalLB",
            "04 86 a441646472 a40a4d000d ab496e6361726e6174696f6e 02 a44d657461 c0 a44e6f6465 a26e33 a4506f7274 cd1f0a"
                + "a356736e a6010502000000",
            .alive(Alive(incarnation: 2, node: "n3", address: .pi(13), versions: .metalLB))),
        Vector(
            "alive with metadata, at an IPv6 address",
            "04 86 a441646472 b0fd000000000000000000000000000010 ab496e6361726e6174696f6e 7f a44d657461 da0028"
                + "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f2021222324252627"
                + "a44e6f6465 a3706931 a4506f7274 cd1f0a a356736e a6010502000000",
            .alive(
                Alive(
                    incarnation: 127, node: "pi1", address: .ipv6, metadata: Array(0..<40), versions: .metalLB))),
        Vector(
            "leave of MetalLB", "05 83 a446726f6d a26e33 ab496e6361726e6174696f6e 01 a44e6f6465 a26e33",
            .dead(Dead(incarnation: 1, node: "n3", from: "n3"))),
        Vector(
            "dead", "05 83 a446726f6d a3706931 ab496e6361726e6174696f6e ce00010000 a44e6f6465 a3706932",
            .dead(Dead(incarnation: 65_536, node: "pi2", from: "pi1"))),
        Vector("user message", "08 68656c6c6f", .user(Array("hello".utf8))),
        Vector("user message without bytes", "08", .user([])),
    ]

    @Test(arguments: vectors)
    func bytesAndMessageMatch(vector: Vector) throws {
        #expect(try Message(vector.bytes[...]) == vector.message)
        #expect(vector.message.bytes == vector.bytes)
        #expect(vector.message.encodedLength == vector.bytes.count)
    }

    @Test(arguments: vectors)
    func whatEndsEarlyIsRefused(vector: Vector) {
        // A user message is whole however short it is, once its type is there.
        var counts = 0..<vector.bytes.count
        if case .user = vector.message { counts = 0..<1 }
        for count in counts {
            #expect(throws: SWIMError.self) { try Message(vector.bytes.prefix(count)) }
        }
    }

    @Test(arguments: vectors)
    func aDatagramOfOneMessageIsTheMessage(vector: Vector) throws {
        let codec = Codec(compresses: false)
        #expect(try codec.encode([vector.message], nonce: []) == vector.bytes)
        let datagram = try codec.decode(vector.bytes[...])
        #expect(datagram.messages == [vector.message])
        #expect(datagram.errors.isEmpty)
    }

    /// As Go's `net.ParseIP` holds it; and a name of more than 31 bytes.
    @Test func anIPv4AddressIn16BytesIsOne() throws {
        let message = bytes(
            "04 86 a441646472 b000000000000000000000ffffc0a8020a ab496e6361726e6174696f6e ccff a44d657461 c0 a44e6f6465"
                + "da00216e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e" + "a4506f7274 50"
                + "a356736e a6010502000000")
        let address = SocketAddress(.v4(IPv4Address(rawValue: 0xC0A8_020A)), port: 80)
        let name = String(repeating: "n", count: 33)
        let alive = Alive(incarnation: 255, node: name, address: address, versions: .metalLB)
        #expect(try Message(message[...]) == .alive(alive))
    }

    /// Members of the protocol's first version sent none.
    @Test func versionsMayBeMissing() throws {
        let message = bytes("04 83 a441646472 a40a4d000d a44e6f6465 a26e33 a4506f7274 cd1f0a")
        let versions = Versions(protocolMinimum: 0, protocolMaximum: 0, protocolCurrent: 0)
        #expect(
            try Message(message[...])
                == .alive(Alive(incarnation: 0, node: "n3", address: .pi(13), versions: versions)))
    }

    @Test(arguments: [
        ("no name", "04 82 a441646472 a40a4d000d a4506f7274 cd1f0a", "Node"),
        ("no port", "04 82 a441646472 a40a4d000d a44e6f6465 a26e33", "Addr"),
        ("an address of five bytes", "04 83 a441646472 a50a4d000d00 a44e6f6465 a26e33 a4506f7274 50", "Addr"),
        ("the address 0.0.0.0", "04 83 a441646472 a400000000 a44e6f6465 a26e33 a4506f7274 50", "Addr"),
        ("five versions", "04 84 a441646472 a40a4d000d a44e6f6465 a26e33 a4506f7274 50 a356736e a50105020000", "Vsn"),
        ("a port beyond 65535", "04 81 a4506f7274 ce00010000", "Port"),
        ("an incarnation beyond 32 bits", "05 81 ab496e6361726e6174696f6e cf0000000100000000", "Incarnation"),
        ("a suspect without a name", "03 81 a446726f6d a26e33", "Node"),
        ("an indirect ping to nobody", "01 81 a55365714e6f 08", "Target"),
        ("a name that is no UTF-8", "00 81 a44e6f6465 a2ff31", "Node"),
    ])
    func whatNoMemberCanMeanIsRefused(name: String, hex: String, field: String) {
        #expect(throws: SWIMError.invalid(field: field), "\(name)") { try Message(bytes(hex)[...]) }
    }

    @Test func metadataIsLimited() throws {
        var alive = Alive(incarnation: 1, node: "n1", address: .pi(11), metadata: Array(repeating: 7, count: 512))
        #expect(try Message(Message.alive(alive).bytes[...]) == .alive(alive))
        alive.metadata.append(7)
        let bytes = Message.alive(alive).bytes
        #expect(throws: SWIMError.invalid(field: "Meta")) { try Message(bytes[...]) }
    }

    /// A push/pull and an error go over connections, encryption there has a type, and 14 to 243 are nothing.
    @Test(arguments: [6, 7, 9, 10, 12, 13, 14, 99, 243, 244, 255] as [UInt8])
    func otherTypesAreRefused(type: UInt8) {
        #expect(throws: SWIMError.unknownMessage(type: type)) { try Message([type, 0x80]) }
    }
}

extension SocketAddress {
    /// 10.77.0.`number`:7946, where the speakers of the captures listen.
    static func pi(_ number: UInt32) -> SocketAddress {
        SocketAddress(.v4(IPv4Address(rawValue: 0x0A4D_0000 + number)), port: 7946)
    }

    static let ipv6 = SocketAddress(.v6(IPv6Address(high: 0xFD00 << 48, low: 0x10)), port: 7946)
}
