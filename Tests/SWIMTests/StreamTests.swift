import Testing
import Wire

@testable import SWIM

@Suite struct StreamTests {
    struct Vector: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let bytes: [UInt8]
        let message: StreamMessage

        init(_ name: String, _ hex: String, _ message: StreamMessage) {
            testDescription = name
            bytes = SWIMTests.bytes(hex)
            self.message = message
        }
    }

    /// Messages beside their bytes, which were written by memberlist 0.2.2.
    static let vectors = [
        Vector(
            "push/pull",
            "06 83 a44a6f696e c2 a54e6f646573 02 ac5573657253746174654c656e 03"
                + "87 a441646472 a40a4d000b ab496e6361726e6174696f6e 07 a44d657461 da0028"
                + "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f2021222324252627"
                + "a44e616d65 a3706931 a4506f7274 cd1f0a a55374617465 00 a356736e a6010502000000"
                + "87 a441646472 a40a4d000c ab496e6361726e6174696f6e 01 a44d657461 c0"
                + "a44e616d65 a3706932 a4506f7274 cd1f0a a55374617465 02 a356736e a6010502000000 090807",
            .pushPull(
                PushPull(
                    isJoin: false,
                    nodes: [
                        .init(
                            Alive(
                                incarnation: 7, node: "pi1", address: .pi(11), metadata: Array(0..<40),
                                versions: .metalLB),
                            status: .alive),
                        .init(
                            Alive(incarnation: 1, node: "pi2", address: .pi(12), versions: .metalLB), status: .dead),
                    ], userState: [9, 8, 7]))),
        Vector(
            "push/pull of a member that knows nobody",
            "06 83 a44a6f696e c3 a54e6f646573 00 ac5573657253746174654c656e 00",
            .pushPull(PushPull(isJoin: true, nodes: []))),
        Vector(
            "ping", "00 82 a44e6f6465 aa676f6f73656265727279 a55365714e6f cd012c",
            .ping(Ping(sequence: 300, node: "gooseberry"))),
        Vector(
            "ack", "02 82 a75061796c6f6164 a3010203 a55365714e6f ccc8", .ack(Ack(sequence: 200, payload: [1, 2, 3]))),
        Vector("user message", "08 81 aa557365724d73674c656e 05 68656c6c6f", hello),
        Vector("error", "0d 81 a54572726f72 a26e6f", .error("no")),
    ]

    private static let hello = StreamMessage.user(Array("hello".utf8))
    private static let nonce = Array<UInt8>(0..<12)
    private static let key = Array("0123456789abcdef".utf8)

    /// Everything that may wrap a message, and a few of it.
    static let codecs: [Codec] = {
        let keyrings = [nil] + [key, key + key].map { (try? Key($0)).map { Keyring($0) } }
        return keyrings.flatMap { keyring in
            [nil, Label("tea")].flatMap { label in
                [false, true].map { Codec(keyring: keyring, label: label, compresses: $0) }
            }
        }
    }()

    @Test(arguments: vectors)
    func bytesAndMessageMatch(vector: Vector) throws {
        #expect(vector.message.bytes == vector.bytes)
        #expect(try StreamMessage(vector.bytes[...]) == vector.message)
        #expect(try Codec(compresses: false).encode(vector.message, .request, nonce: []) == vector.bytes)
        for count in 0..<vector.bytes.count {
            #expect(throws: SWIMError.self) { try StreamMessage(vector.bytes.prefix(count)) }
        }
    }

    @Test(arguments: vectors, codecs)
    func aMessageComesInAnyPieces(vector: Vector, codec: Codec) throws {
        for direction in [Codec.Direction.request, .answer] {
            let bytes = try codec.encode(vector.message, direction, nonce: Self.nonce)
            #expect(try StreamDecoder.read([bytes], codec, direction) == [vector.message])
            let nothing = Array<StreamMessage?>(repeating: nil, count: bytes.count - 1)
            #expect(try StreamDecoder.read(bytes.map { [$0] }, codec, direction) == nothing + [vector.message])
            // What follows is none of the message's.
            #expect(try StreamDecoder.read([bytes + [1, 2], [3]], codec, direction) == [vector.message, nil])
        }
    }

    /// The length stands before, and is authentic with the label; a header of the label only where somebody connects.
    /// The ciphertexts were made by another implementation of AES-GCM.
    @Test(arguments: [
        (
            0, 16, "",
            "3d00000102030405060708090a0bf5be6e486d11497b9b414b7fae9ed8486cbb38f70abe"
                + "47467a64e7fee2a6a66198a3ded89f92f59fd014c78a1514bb9b"
        ),
        (
            0, 32, "tea",
            "3d00000102030405060708090a0b25641129aa7da0e1dbbb3ddb1fcab9618a646c8a31b1"
                + "79862dd1b6b9b528a18990a4e90c9f59c545e1f852d4382a5344"
        ),
        (
            1, 16, "",
            "3001000102030405060708090a0bf5be6e486d11497b9b414b7fae9ed8486cbb38698885"
                + "d6f04936b7f60af1f7167fc044"
        ),
        (
            1, 16, "tea",
            "3001000102030405060708090a0bf5be6e486d11497b9b414b7fae9ed8486cbb388f055a"
                + "64ef0e93c2895ed96a9c59d82f"
        ),
        (
            1, 32, "",
            "3001000102030405060708090a0b25641129aa7da0e1dbbb3ddb1fcab9618a646cf4c760"
                + "cb5b46630726f1190946824c76"
        ),
        (
            1, 32, "tea",
            "3001000102030405060708090a0b25641129aa7da0e1dbbb3ddb1fcab9618a646c8b0a33"
                + "15850fa480ff3026bd893b261b"
        ),
    ])
    func encryptedBytes(version: Int, keyBytes: Int, label: String, hex: String) throws {
        let keyring = Keyring(try Key(Array((Self.key + Self.key).prefix(keyBytes))))
        let codec = Codec(keyring: keyring, label: Label(label), compresses: false)
        let answer = bytes("0a 000000 \(hex)")
        let request = (codec.label?.header ?? []) + answer
        for (direction, bytes) in [(Codec.Direction.answer, answer), (.request, request)] {
            #expect(try StreamDecoder.read([bytes], codec, direction) == [Self.hello])
            if version == 1 {
                #expect(try codec.encode(Self.hello, direction, nonce: Self.nonce) == bytes)
            }
            for index in bytes.indices {
                var changed = bytes
                changed[index] ^= 0x04
                // Where the length is larger now, it waits for what never comes.
                let read = try? StreamDecoder.read([changed], codec, direction)
                #expect(read == nil || read == [nil])
            }
        }
    }

    // MARK: What is refused

    /// The error that these bytes meet, and with it the end.
    private static func error(_ codec: Codec, _ bytes: [UInt8], _ direction: Codec.Direction = .request) -> SWIMError? {
        var decoder = StreamDecoder(codec, direction)
        do throws(SWIMError) {
            #expect(decoder.isEmpty)
            _ = try decoder.append(bytes)
            #expect(!decoder.isEmpty)
            return nil
        } catch {
            let next = try? decoder.append([1])
            #expect(next == .some(nil))
            #expect(!decoder.isEmpty)
            return error
        }
    }

    @Test func whatIsNotEncryptedIsRefusedAtItsFirstByte() throws {
        let codec = Codec(keyring: Keyring(try Key(Self.key)))
        for vector in Self.vectors { #expect(Self.error(codec, Array(vector.bytes.prefix(1))) == .notEncrypted) }
        #expect(Self.error(codec, [9]) == .notEncrypted)
        #expect(Self.error(Codec(), [10]) == .isEncrypted)
    }

    @Test func anotherKeyIsRefused() throws {
        let short = Codec(keyring: Keyring(try Key(Self.key)))
        let long = Codec(keyring: Keyring(try Key(Self.key + Self.key)))
        let bytes = try short.encode(Self.hello, .answer, nonce: Self.nonce)
        #expect(Self.error(long, bytes, .answer) == .notDecryptable)
        let both = Codec(keyring: Keyring(try Key(Self.key + Self.key), others: [try Key(Self.key)]))
        #expect(try StreamDecoder.read([bytes], both, .answer) == [Self.hello])
    }

    @Test func otherGroupsAreToldByTheirLabel() throws {
        let (tea, none) = (Codec(label: Label("tea")), Codec())
        #expect(Self.error(none, bytes("f4 03 746561")) == .wrongLabel("tea"))
        #expect(Self.error(tea, bytes("f4 03 706f74")) == .wrongLabel("pot"))
        #expect(Self.error(tea, [8]) == .wrongLabel(""))
        #expect(Self.error(tea, bytes("f4 00")) == .invalid(field: "the label"))
        // An answer has none before it.
        #expect(Self.error(tea, bytes("f4 03 746561"), .answer) == .unknownMessage(type: 244))
    }

    @Test(arguments: [1, 3, 4, 5, 7, 11, 12, 14, 255] as [UInt8])
    func typesOfDatagramsAreRefused(type: UInt8) {
        #expect(Self.error(Codec(), [type]) == .unknownMessage(type: type))
        #expect(throws: SWIMError.unknownMessage(type: type)) { try StreamMessage([type, 0x80]) }
    }

    @Test func whatPromisesTooMuchIsRefusedAtOnce() throws {
        let encrypted = Codec(keyring: Keyring(try Key(Self.key)))
        let tooLarge = SWIMError.tooLarge(limitBytes: Limit.streamBytes)
        #expect(Self.error(encrypted, bytes("0a ffffffff")) == tooLarge)
        #expect(Self.error(encrypted, bytes("0a 0020001e")) == tooLarge)
        #expect(Self.error(encrypted, bytes("0a 0020001d")) == nil)
        #expect(Self.error(Codec(), bytes("08 81 aa557365724d73674c656e ceffffffff")) == tooLarge)
        #expect(Self.error(Codec(), bytes("06 81 ac5573657253746174654c656e ceffffffff")) == tooLarge)
        #expect(Self.error(Codec(), bytes("06 81 a54e6f646573 cd1001")) == .invalid(field: "Nodes"))
        #expect(Self.error(Codec(), bytes("06 81 a54e6f646573 cd1000")) == nil)
    }

    /// A structure that never ends, and a string, and values within values.
    @Test(arguments: ["02 dfffffffff", "02 81 dbffffffff", "02 91", "09 ddffffffff"])
    func whatNeverEndsIsRefused(hex: String) {
        var decoder = StreamDecoder(Codec(), .request)
        var count = 0
        var error: SWIMError?
        do throws(SWIMError) {
            _ = try decoder.append(bytes(hex))
            while count < 2 * Limit.streamBytes {
                count += 1 << 16
                let message = try decoder.append(Array(repeating: 0x91, count: 1 << 16))
                #expect(message == nil)
            }
        } catch let thrown {
            error = thrown
        }
        #expect(error == .tooLarge(limitBytes: Limit.streamBytes))
        #expect(count <= Limit.streamBytes + 1 << 16)
    }

    @Test func whatInflatesTooMuchIsRefused() throws {
        let length = Limit.streamBytes - 18
        let largest = StreamMessage.user(Array(repeating: 0, count: length))
        #expect(largest.bytes.count == Limit.streamBytes)
        let bytes = try Codec().encode(largest, .request, nonce: [])
        #expect(try StreamDecoder.read([bytes], Codec(), .request) == [largest])
        let larger = StreamMessage.user(Array(repeating: 0, count: length + 1))
        #expect(Self.error(Codec(), Compression.compress(larger.bytes)) == .tooLarge(limitBytes: Limit.streamBytes))
        #expect(throws: SWIMError.tooLarge(limitBytes: Limit.streamBytes)) {
            try Codec().encode(larger, .request, nonce: [])
        }
        #expect(Self.error(Codec(), Compression.compress([9, 0x80])) == .unknownMessage(type: 9))
        #expect(Self.error(Codec(), Compression.compress([])) == .truncated(needed: 1, available: 0))
    }

    /// Others may believe in a member that nobody can reach, and should not be kept from telling of the rest.
    @Test func aMemberThatCannotBeUsedIsLeftOut() throws {
        let message = bytes(
            "06 82 a54e6f646573 04 ac5573657253746174654c656e 01"
                // Without an address, without a name, in a state that is none.
                + "82 a44e616d65 a26e31 a4506f7274 50 82 a441646472 a40a4d000b a4506f7274 50"
                + "84 a441646472 a40a4d000b a44e616d65 a26e32 a4506f7274 50 a55374617465 04"
                + "84 a441646472 a40a4d000b a44e616d65 a26e33 a4506f7274 cd1f0a a55374617465 03 ff")
        guard case .pushPull(let state) = try StreamMessage(message[...]) else { throw NoState() }
        #expect(state.nodes.map(\.alive.node) == ["n3"])
        #expect(state.nodes.map(\.status) == [.left])
        #expect(state.userState == [0xFF])
    }

    private struct NoState: Error {}
}

extension StreamDecoder {
    /// What comes of each piece of a connection.
    static func read(
        _ pieces: [[UInt8]], _ codec: Codec, _ direction: Codec.Direction
    ) throws(SWIMError) -> [StreamMessage?] {
        var decoder = StreamDecoder(codec, direction)
        var messages: [StreamMessage?] = []
        for piece in pieces { messages.append(try decoder.append(piece)) }
        return messages
    }
}
