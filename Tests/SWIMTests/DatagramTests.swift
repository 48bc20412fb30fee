import Testing
import Wire

@testable import SWIM

/// What wraps the messages of a datagram, encryption and label apart. Bytes are of memberlist 0.2.2 or, where it says
/// so, of MetalLB's speakers.
@Suite struct DatagramTests {
    private static let plain = Codec(compresses: false)
    private static let hello = Message.user(Array("hello".utf8))
    private static let alive = Message.alive(
        Alive(incarnation: 127, node: "pi1", address: .ipv6, metadata: Array(0..<40), versions: .metalLB))
    private static let suspect = Message.suspect(Suspect(incarnation: 1, node: "n2", from: "n3"))

    // MARK: Several messages

    private static let aliveBytes =
        "0486a441646472b0fd000000000000000000000000000010ab496e6361726e6174696f6e7fa44d657461da0028000102030405060708"
        + "090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f2021222324252627a44e6f6465a3706931a4506f7274cd1f0aa356736ea601"
        + "0502000000"
    private static let compound = bytes("07 02 0071 0006 \(aliveBytes) 0868656c6c6f")

    @Test func severalMessages() throws {
        #expect(try Self.plain.encode([Self.alive, Self.hello], nonce: []) == Self.compound)
        let datagram = try Self.plain.decode(Self.compound[...])
        #expect(datagram.messages == [Self.alive, Self.hello])
        #expect(datagram.errors.isEmpty)
    }

    /// A later version may say more: what is understood counts.
    @Test func oneThatCannotBeReadLeavesTheOthers() throws {
        let datagram = try Self.plain.decode(bytes("07 04 0006 0002 0001 0002 0868656c6c6f 6380 00 0801")[...])
        #expect(datagram.messages == [Self.hello, .user([1])])
        #expect(datagram.errors == [.unknownMessage(type: 99), .truncated(needed: 1, available: 0)])
    }

    @Test func whatWrapsOthersIsNoPartOfThem() throws {
        let datagram = try Self.plain.decode(bytes("07 04 0002 0002 0003 0006 0700 0980 f40161 0c0000000008")[...])
        #expect(datagram.messages.isEmpty)
        #expect(datagram.errors == [7, 9, 244, 12].map { .unknownMessage(type: $0) })
    }

    @Test func partsThatAreNotAllThere() throws {
        for count in 7..<Self.compound.count {
            let datagram = try Self.plain.decode(Self.compound.prefix(count))
            #expect(datagram.messages == (count < 6 + 0x71 ? [] : [Self.alive]))
            #expect(datagram.errors.count == 1)
        }
        for count in 0..<6 {
            #expect(throws: SWIMError.self) { try Self.plain.decode(Self.compound.prefix(count)) }
        }
    }

    @Test func aByteCountsTheMessages() throws {
        let messages = Array(repeating: Message.user([1]), count: 255)
        #expect(try Self.plain.decode(Self.plain.encode(messages, nonce: [])[...]).messages == messages)
        #expect(throws: SWIMError.tooManyMessages(limit: 255)) {
            try Self.plain.encode(messages + [Self.hello], nonce: [])
        }
    }

    @Test func twoBytesCountAMessage() throws {
        let longest = Message.user(Array(repeating: 1, count: 65_534))
        #expect(try Self.plain.decode(Self.plain.encode([Self.hello, longest], nonce: [])[...]).messages.count == 2)
        #expect(throws: SWIMError.tooLarge(limitBytes: 65_535)) {
            try Self.plain.encode([Self.hello, .user(Array(repeating: 1, count: 65_535))], nonce: [])
        }
    }

    // MARK: Checksum

    /// Of MetalLB's speakers.
    private static let checked = bytes(
        "0c f9fd3304 03 83 a446726f6d a26e33 ab496e6361726e6174696f6e 01 a44e6f6465 a26e32")

    @Test func aChecksum() throws {
        #expect(try Self.plain.encode([Self.suspect], nonce: [], hasChecksum: true) == Self.checked)
        #expect(try Self.plain.decode(Self.checked[...]).messages == [Self.suspect])
        #expect(CRC32.checksum(Array("123456789".utf8)[...]) == 0xCBF4_3926)
    }

    @Test func whatWasDamagedIsRefused() {
        for index in Self.checked.indices.dropFirst() {
            var damaged = Self.checked
            damaged[index] ^= 0x10
            #expect(throws: SWIMError.wrongChecksum) { try Self.plain.decode(damaged[...]) }
        }
        for count in 0..<Self.checked.count {
            let error = count < 5 ? nil : SWIMError.wrongChecksum
            #expect(throws: error ?? .truncated(needed: count == 0 ? 1 : 5, available: count)) {
                try Self.plain.decode(Self.checked.prefix(count))
            }
        }
    }

    // MARK: Compression

    @Test func theStructureOfCompression() throws {
        let text = Array(String(repeating: "gooseberry ", count: 10).utf8)
        let compressed = bytes(
            "09 82 a4416c676f 00 a3427566 da0034 00cfbc7933a78c983272e4e4012190a041840a190e2c7830e1c28614"
                + "215e9cf8d0a24487152362ec289263c88d20357ecce83120")
        #expect(Compression.compress(text) == compressed)
        #expect(try Compression.decompress(compressed.dropFirst(), limitBytes: 110) == text)
        for count in 0..<compressed.count - 1 {
            #expect(throws: SWIMError.self) {
                try Compression.decompress(compressed.dropFirst().prefix(count), limitBytes: 110)
            }
        }
    }

    @Test func anotherAlgorithmIsRefused() {
        #expect(throws: SWIMError.invalid(field: "Algo")) {
            try Self.plain.decode(bytes("09 82 a4416c676f 01 a3427566 a3000302")[...])
        }
    }

    @Test func messagesAreCompressedWhereThatMakesThemShorter() throws {
        let codec = Codec()
        let lone = try codec.encode([Self.hello], nonce: [])
        #expect(lone == Self.hello.bytes)
        let many = try codec.encode([Self.alive, Self.alive, Self.alive], nonce: [])
        #expect(many.first == 9)
        #expect(many.count < 3 * Self.alive.encodedLength)
        // What comes may be compressed, whatever is sent.
        #expect(try Self.plain.decode(many[...]).messages == [Self.alive, Self.alive, Self.alive])
        for count in 0..<many.count {
            #expect(throws: SWIMError.self) { try codec.decode(many.prefix(count)) }
        }
    }

    /// A kilobyte may not become megabytes, nor be unpacked again and again.
    @Test func whatInflatesTooMuchIsRefused() throws {
        let largest = Message.user(Array(repeating: 0, count: 65_534))
        let codec = Codec()
        #expect(try codec.decode(codec.encode([largest], nonce: [])[...]).messages == [largest])
        let larger = try codec.encode([.user(Array(repeating: 0, count: 65_535))], nonce: [])
        #expect(larger.count < 1_000)
        #expect(throws: SWIMError.tooLarge(limitBytes: 65_535)) { try codec.decode(larger[...]) }
        for inner in [[9, 0x80], [12, 0, 0, 0, 0, 8]] as [[UInt8]] {
            #expect(throws: SWIMError.unknownMessage(type: inner[0])) {
                try codec.decode(Compression.compress(inner)[...])
            }
        }
    }
}
