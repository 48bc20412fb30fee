import Testing
import Wire

@testable import SWIM

@Suite struct EncryptionTests {
    private static let hello = Message.user(Array("hello".utf8))
    private static let digits = Array("0123456789abcdef".utf8)
    private static let nonce = Array<UInt8>(0..<12)

    private static func key(_ count: Int) throws -> Key { try Key(Array((digits + digits).prefix(count))) }

    private static func codec(_ count: Int, others: [Key] = [], label: String = "") throws -> Codec {
        Codec(keyring: Keyring(try key(count), others: others), label: Label(label), compresses: false)
    }

    /// "hello" as memberlist 0.2.2 has encrypted it, the label among the additional data.
    struct Vector: Sendable {
        let version: UInt8
        let keyBytes: Int
        var label = ""
        let sealed: String
    }

    static let vectors = [
        Vector(
            version: 0, keyBytes: 16,
            sealed: "006f2bde4d3d190da63901a4a7d3a629fa9a1b097a2dfc41ba9207db11a130417b5591e014ba586f672f15d7cc"),
        Vector(
            version: 0, keyBytes: 16, label: "tea",
            sealed: "00dc5a2cffce091751df840a7e0e6ba7f8a069d4e49dbd9209cccf94f9919bae93d7164d17c4d845f3f692aafa"),
        Vector(
            version: 1, keyBytes: 16, sealed: "01adbf77f57e4ee70746cdc23661208903c5afdbe917f00da555444001f6563ced58af"),
        Vector(
            version: 1, keyBytes: 16, label: "tea",
            sealed: "018276c2041fd32538c188cdbbe632a8da84130e6044efa8a5dd9f67fc77f44833d96b"),
        Vector(
            version: 0, keyBytes: 24,
            sealed: "00b8e979967db7c36fe71269b1d71e0881ec3c868e7f53503a4888ba40c36c96897639a2d9f17454c69a3c620d"),
        Vector(
            version: 1, keyBytes: 24, label: "tea",
            sealed: "01aaba70ac0be82ebbc33e807af99bfb4aa7de7387c687fee6a8b7e5b9fcdaaaa89a61"),
        Vector(
            version: 0, keyBytes: 32,
            sealed: "00bcdb1a90dac4c8a8f32d24d02f657bcd0dcfdc91f30d764b88d96712afd6c563c04f1b34a6137b0958fca44f"),
        Vector(
            version: 0, keyBytes: 32, label: "tea",
            sealed: "00115822e552531896444e87ebd66a8456247cba8b4b52ef2e6f3ac2847bfe6ed0592a9ad163e6e35f606adb75"),
        Vector(
            version: 1, keyBytes: 32, sealed: "01538e82cd0711accea50b484965ee129d20edce22647d8317716c949f7f92b495ba4d"),
        Vector(
            version: 1, keyBytes: 32, label: "tea",
            sealed: "0182fda1a7080ebae966ca94e0313fa227cd21828dda1e249574e5c374b9ee44504a6b"),
    ]

    @Test(arguments: vectors)
    func whatMemberlistSealedIsOpened(vector: Vector) throws {
        let codec = try Self.codec(vector.keyBytes, label: vector.label)
        let datagram = (codec.label?.header ?? []) + bytes(vector.sealed)
        #expect(try codec.decode(datagram[...]).messages == [Self.hello])
        if vector.version == 1 {
            let nonce = bytes(vector.sealed)[1..<13]
            #expect(try codec.encode([Self.hello], nonce: Array(nonce)) == datagram)
        }
        for count in 0..<datagram.count {
            #expect(throws: SWIMError.self) { try codec.decode(datagram.prefix(count)) }
        }
        for index in datagram.indices {
            var changed = datagram
            changed[index] ^= 0x04
            #expect(throws: SWIMError.self) { try codec.decode(changed[...]) }
        }
    }

    @Test func anyOfSeveralKeysOpens() throws {
        let both = try Self.codec(32, others: [Self.key(16), Self.key(24)])
        for count in [16, 24, 32] {
            let datagram = try Self.codec(count).encode([Self.hello], nonce: Self.nonce)
            #expect(try both.decode(datagram[...]).messages == [Self.hello])
        }
        let datagram = try both.encode([Self.hello], nonce: Self.nonce)
        #expect(try datagram == Self.codec(32).encode([Self.hello], nonce: Self.nonce))
        #expect(throws: SWIMError.notDecryptable) { try Self.codec(16).decode(datagram[...]) }
    }

    /// A ping's type is encryption's version 0, and an indirect ping's is version 1.
    @Test(arguments: MessageTests.vectors)
    func whatIsNotEncryptedIsRefused(vector: MessageTests.Vector) throws {
        let codec = try Self.codec(32)
        let isTaken = vector.bytes[0] <= 1 && vector.bytes.count >= 29
        #expect(throws: isTaken ? SWIMError.notDecryptable : .notEncrypted) { try codec.decode(vector.bytes[...]) }
        for wrapped in [
            try Codec().encode([vector.message, vector.message], nonce: []),
            try Codec().encode([vector.message], nonce: [], hasChecksum: true),
        ] {
            #expect(throws: SWIMError.notEncrypted) { try codec.decode(wrapped[...]) }
        }
    }

    @Test func withoutAKeyNothingEncryptedIsRead() throws {
        for vector in Self.vectors where vector.label.isEmpty {
            #expect(throws: SWIMError.isEncrypted) { try Codec().decode(bytes(vector.sealed)[...]) }
        }
    }

    /// A padding of 0, of 17, of more than there is, and one whose bytes differ.
    @Test(arguments: ["01020300", String(repeating: "11", count: 17), "0505", "0868656c6c6f 02 03 03"])
    func aPaddingThatIsNoneIsRefused(hex: String) throws {
        let codec = try Self.codec(16)
        let keyring = try #require(codec.keyring)
        var sealed = try keyring.seal(bytes(hex), nonce: Self.nonce, additionalData: [])
        sealed[0] = 0
        #expect(throws: SWIMError.invalid(field: "the padding")) { try codec.decode(sealed[...]) }
    }

    // MARK: Labels

    @Test func aLabelStandsBeforeEverything() throws {
        let codec = Codec(label: Label("tea"), compresses: false)
        let datagram = try codec.encode([Self.hello], nonce: [])
        #expect(datagram == bytes("f4 03 746561 0868656c6c6f"))
        #expect(try codec.decode(datagram[...]).messages == [Self.hello])
        for count in 0..<6 {
            #expect(throws: SWIMError.self) { try codec.decode(datagram.prefix(count)) }
        }
    }

    @Test func otherGroupsAreToldByTheirLabel() throws {
        let (tea, none) = (Codec(label: Label("tea")), Codec())
        let labelled = try tea.encode([Self.hello], nonce: [])
        #expect(throws: SWIMError.wrongLabel("tea")) { try none.decode(labelled[...]) }
        #expect(throws: SWIMError.wrongLabel("tea")) { try Codec(label: Label("te")).decode(labelled[...]) }
        #expect(throws: SWIMError.wrongLabel("")) { try tea.decode(Self.hello.bytes[...]) }
        #expect(throws: SWIMError.invalid(field: "the label")) { try tea.decode(bytes("f4 00 0868")[...]) }
        #expect(throws: SWIMError.invalid(field: "the label")) { try tea.decode(bytes("f4 01 ff 0868")[...]) }
    }

    /// Whoever has the key and not the label cannot be heard, whatever stands before.
    @Test func encryptionCoversTheLabel() throws {
        let (tea, pot) = (try Self.codec(32, label: "tea"), try Self.codec(32, label: "pot"))
        let datagram = try tea.encode([Self.hello], nonce: Self.nonce)
        let moved = bytes("f4 03 706f74") + datagram.dropFirst(5)
        #expect(throws: SWIMError.notDecryptable) { try pot.decode(moved[...]) }
        #expect(throws: SWIMError.notDecryptable) { try Self.codec(32).decode(datagram.dropFirst(5)) }
    }

    @Test func labelsAreLimited() {
        #expect(Label("") == nil)
        #expect(Label(String(repeating: "é", count: 127)) != nil)
        #expect(Label(String(repeating: "é", count: 128)) == nil)
    }

    /// What another group sends is shown to people, and does what it likes there unless it is quoted.
    @Test func aForeignLabelIsQuoted() {
        #expect(
            SWIMError.wrongLabel("a\n\u{1B}[2J").description
                == "the label is \"a\\n\\u{1B}[2J\": the sender belongs to another group")
    }

    // MARK: Keys

    /// The beginning of the secret, filled up with SHA-256 of nothing.
    @Test func keysAsMetalLBMakesThem() {
        #expect(
            Key(secret: "lab".utf8, .aes128).bytes == bytes("6c6162 e3b0c44298fc1c149afbf4c899"))
        #expect(
            Key(secret: "lab".utf8, .aes256).bytes
                == bytes("6c6162 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b78"))
        let long = (0..<172).map { UInt8($0) }
        #expect(Key(secret: long, .aes128).bytes == Array(0..<16))
        #expect(Key(secret: long, .aes256).bytes == Array(0..<32))
    }

    @Test func aKeyHasOneOfThreeLengths() {
        for count in 0...40 where ![16, 24, 32].contains(count) {
            #expect(throws: SWIMError.invalidKeyLength(count)) { try Key(Array(repeating: 1, count: count)) }
        }
    }

    @Test func aKeyIsNotShown() throws {
        let keyring = Keyring(try Self.key(16), others: [try Self.key(32)])
        #expect("\(keyring)".contains("a key of 16 bytes"))
        #expect(!"\(keyring)".contains("48, 49"))
    }

    @Test func aNonceHasTwelveBytes() throws {
        let codec = try Self.codec(16)
        #expect(throws: SWIMError.notEncryptable("a GCM nonce has 12 bytes, not 11")) {
            try codec.encode([Self.hello], nonce: Array(repeating: 0, count: 11))
        }
    }
}
