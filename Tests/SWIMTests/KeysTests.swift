import Testing
import Wire

@testable import SWIM

/// Keys of 16 and of 32 bytes from one secret.
@Suite struct KeysTests {
    private static let secret = Array("gooseberries and blackberries for breakfast".utf8)
    private static let nonce = [UInt8](repeating: 7, count: 12)
    private static let message = Message.nack(sequence: 1)

    private func address(_ text: String) throws -> SocketAddress { try #require(SocketAddress(text)) }

    private func codec(_ strength: Key.Strength, secret: [UInt8] = secret) -> Codec {
        Codec(keyring: Keyring(Key(secret: secret, strength)))
    }

    /// Has `keys` read a datagram of the member at `source`.
    private func read(
        _ keys: inout Keys, _ strength: Key.Strength, from source: SocketAddress, at now: Instant
    ) throws -> [Message] {
        let bytes = try codec(strength).encode([Self.message], nonce: Self.nonce)
        return try keys.read(bytes[...], from: source, at: now).messages
    }

    private func keyLength(_ keys: Keys, at now: Instant) -> Int? { keys.sending(at: now).keyring?.primary.bytes.count }

    @Test func bothAreAcceptedAndTheLongOneIsSentWith() throws {
        var keys = Keys(Self.secret, accepting: [])
        #expect(keyLength(keys, at: .zero) == 32)
        let source = try address("10.0.0.2:7946")
        #expect(try read(&keys, .aes256, from: source, at: .zero) == [Self.message])
        #expect(keyLength(keys, at: .zero) == 32)
        #expect(try read(&keys, .aes128, from: source, at: .zero) == [Self.message])
    }

    @Test func withoutASecretNothingIsEncryptedAndNothingThatIsIsRead() throws {
        var keys = Keys(nil, accepting: [])
        let source = try address("10.0.0.2:7946")
        let bytes = try keys.sending(at: .zero).encode([Self.message], nonce: Self.nonce)
        #expect(try Codec().decode(bytes[...]).messages == [Self.message])
        #expect(try keys.read(bytes[...], from: source, at: .zero).messages == [Self.message])
        #expect(throws: SWIMError.isEncrypted) { try read(&keys, .aes256, from: source, at: .zero) }
    }

    @Test func theShortOneIsSentWithWhileAMemberUsesIt() throws {
        var keys = Keys(Self.secret, accepting: [])
        let source = try address("10.0.0.2:7946")
        _ = try read(&keys, .aes128, from: source, at: .zero)
        #expect(keyLength(keys, at: .zero) == 16)
        let later = Instant.zero.advanced(by: .seconds(50))
        _ = try read(&keys, .aes128, from: source, at: later)
        #expect(keyLength(keys, at: later.advanced(by: .seconds(59))) == 16)
        #expect(keyLength(keys, at: later.advanced(by: .seconds(60))) == 32)
    }

    /// Else two of ours would keep each other from the long key for ever.
    @Test func oursUseItOnlyBecauseOfOthers() throws {
        var keys = Keys(Self.secret, accepting: [])
        let (ours, theirs) = (try address("10.0.0.2:7946"), try address("10.0.0.3:7946"))
        keys.learn([
            Member(name: "a", address: ours, metadata: Member.mark + [1, 2]), Member(name: "b", address: theirs),
        ])
        _ = try read(&keys, .aes128, from: ours, at: .zero)
        #expect(keyLength(keys, at: .zero) == 32)
        _ = try read(&keys, .aes128, from: theirs, at: .zero)
        #expect(keyLength(keys, at: .zero) == 16)
    }

    @Test func anotherSecretChangesNothing() throws {
        var keys = Keys(Self.secret, accepting: [])
        let bytes = try codec(.aes128, secret: [1]).encode([Self.message], nonce: Self.nonce)
        let source = try address("10.0.0.2:7946")
        #expect(throws: SWIMError.notDecryptable) {
            try keys.read(bytes[...], from: source, at: .zero)
        }
        #expect(keyLength(keys, at: .zero) == 32)
    }

    /// Nobody without a key is heard, whatever it says.
    @Test func whatIsNotEncryptedIsRefused() throws {
        var keys = Keys(Self.secret, accepting: [])
        let source = try address("10.0.0.2:7946")
        let bytes = try Codec(keyring: nil).encode([Self.message], nonce: Self.nonce)
        #expect(throws: SWIMError.notEncrypted) { try keys.read(bytes[...], from: source, at: .zero) }
    }

    /// A message that comes byte by byte, with a key of either length.
    @Test(arguments: [Key.Strength.aes256, .aes128]) func streamsAreReadWithBoth(_ strength: Key.Strength) throws {
        let ping = StreamMessage.ping(Ping(sequence: 7, node: "a"))
        let bytes = try codec(strength).encode(ping, .request, nonce: Self.nonce)
        var reader = StreamReader(Keys(Self.secret, accepting: []), .request)
        for index in bytes.indices.dropLast() { #expect(try reader.append(bytes[index...index]) == nil) }
        let reading = try #require(try reader.append(bytes.suffix(1)))
        #expect(reading.message == ping)
        #expect(reading.usesShortKey == (strength == .aes128))
    }

    @Test func aStreamIsBounded() throws {
        var header = ByteWriter(capacity: 5)
        header.write(UInt8(10))
        header.write(UInt32(TransportLimit.streamBytes))
        var reader = StreamReader(Keys(Self.secret, accepting: []), .request)
        #expect(try reader.append(header.bytes[...]) == nil)
        let piece = [UInt8](repeating: 0, count: TransportLimit.streamBytes - header.bytes.count)
        #expect(try reader.append(piece[...]) == nil)
        #expect(throws: SWIMError.tooLarge(limitBytes: TransportLimit.streamBytes)) { try reader.append([0]) }
    }

    @Test func ofSeveralSecretsOneIsSentWith() throws {
        var keys = Keys([1], accepting: [Self.secret])
        #expect(keys.sending(at: .zero).keyring?.primary == Key(secret: [1], .aes256))
        let source = try address("10.0.0.2:7946")
        #expect(try read(&keys, .aes256, from: source, at: .zero) == [Self.message])
        keys.replace([1], accepting: [])
        #expect(throws: SWIMError.notDecryptable) { try read(&keys, .aes256, from: source, at: .zero) }
    }
}
