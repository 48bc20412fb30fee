import Crypto
import Testing

/// The vectors of NIST's GCM validation (McGrew and Viega, "The Galois/Counter Mode of Operation", appendix B), those
/// with nonces of 12 bytes.
@Suite struct AESGCMTests {
    struct Vector: Sendable {
        let name: String
        let key: String
        let nonce: String
        var plaintext = ""
        var additionalData = ""
        let sealed: String
    }

    static let vectors = [
        Vector(
            name: "1: 128 bits, nothing", key: zeros(16), nonce: zeros(12), sealed: "58e2fccefa7e3061367f1d57a4e7455a"),
        Vector(
            name: "2: 128 bits, one block", key: zeros(16), nonce: zeros(12), plaintext: zeros(16),
            sealed: "0388dace60b6a392f328c2b971b2fe78 ab6e47d42cec13bdf53a67b21257bddf"),
        Vector(
            name: "3: 128 bits, four blocks", key: key, nonce: nonce, plaintext: text + lastBytes,
            sealed: "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e"
                + "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091473f5985 4d5c2af327cd64a62cf35abd2ba6fab4"),
        Vector(
            name: "4: 128 bits, additional data", key: key, nonce: nonce, plaintext: text,
            additionalData: additionalData,
            sealed: "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e"
                + "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091 5bc94fbc3221a5db94fae95ae7121a47"),
        Vector(
            name: "10: 192 bits, additional data", key: key + String(key.prefix(16)), nonce: nonce,
            plaintext: text, additionalData: additionalData,
            sealed: "3980ca0b3c00e841eb06fac4872a2757859e1ceaa6efd984628593b40ca1e19c"
                + "7d773d00c144c525ac619d18c84a3f4718e2448b2fe324d9ccda2710 2519498e80f1478f37ba55bd6d27618c"),
        Vector(
            name: "13: 256 bits, nothing", key: zeros(32), nonce: zeros(12), sealed: "530f8afbc74536b9a963b4f1c4cb738b"),
        Vector(
            name: "16: 256 bits, additional data", key: key + key, nonce: nonce, plaintext: text,
            additionalData: additionalData,
            sealed: "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
                + "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662 76fc6ece0f4e1768cddf8853bb2d551b"),
    ]

    @Test(arguments: vectors)
    func vectorsHoldBothWays(vector: Vector) throws {
        let (key, nonce) = (bytes(vector.key), bytes(vector.nonce))
        let (plaintext, data) = (bytes(vector.plaintext), bytes(vector.additionalData))
        let sealed = bytes(vector.sealed)
        #expect(try AESGCM.seal(plaintext, key: key, nonce: nonce, additionalData: data) == sealed)
        #expect(try AESGCM.open(sealed[...], key: key, nonce: nonce, additionalData: data) == plaintext)
    }

    @Test func whatWasChangedIsRefused() throws {
        let (key, nonce) = (Array(repeating: UInt8(1), count: 32), Array(repeating: UInt8(2), count: 12))
        let sealed = try AESGCM.seal([3, 4, 5], key: key, nonce: nonce, additionalData: [6])
        for index in sealed.indices {
            var changed = sealed
            changed[index] ^= 0x10
            #expect(throws: CryptoError.notAuthentic) {
                try AESGCM.open(changed[...], key: key, nonce: nonce, additionalData: [6])
            }
        }
        for count in 0..<sealed.count {
            #expect(throws: CryptoError.notAuthentic) {
                try AESGCM.open(sealed.prefix(count), key: key, nonce: nonce, additionalData: [6])
            }
        }
        #expect(throws: CryptoError.notAuthentic) { try AESGCM.open(sealed[...], key: key, nonce: nonce) }
    }

    /// What was prepared for one key is not used for another, or in the other direction, or after a failure.
    @Test func keysTakeTurns() throws {
        let nonce = Array(repeating: UInt8(2), count: 12)
        var sealed: [[UInt8]: [UInt8]] = [:]
        for turn in 0..<4 {
            for number in UInt8(0)..<20 {
                let key = Array(repeating: number, count: AESGCM.keyLengths[Int(number) % 3])
                let bytes = try AESGCM.seal([3, 4, 5, number], key: key, nonce: nonce)
                #expect(sealed[key] == nil || sealed[key] == bytes, "turn \(turn)")
                sealed[key] = bytes
                #expect(throws: CryptoError.notAuthentic) {
                    try AESGCM.open(bytes.dropLast() + [bytes[19] ^ 1], key: key, nonce: nonce)
                }
                #expect(try AESGCM.open(bytes[...], key: key, nonce: nonce) == [3, 4, 5, number])
            }
        }
        #expect(Set(sealed.values).count == 20)
    }

    @Test func lengthsAreChecked() {
        #expect(throws: CryptoError.invalidKeyLength(15)) {
            try AESGCM.seal([], key: Array(repeating: 0, count: 15), nonce: Array(repeating: 0, count: 12))
        }
        #expect(throws: CryptoError.invalidNonceLength(11)) {
            try AESGCM.open([], key: Array(repeating: 0, count: 16), nonce: Array(repeating: 0, count: 11))
        }
    }
}

private let key = "feffe9928665731c6d6a8f9467308308"
private let nonce = "cafebabefacedbaddecaf888"
private let text =
    "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
    + "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"
private let lastBytes = "1aafd255"
private let additionalData = "feedfacedeadbeeffeedfacedeadbeefabaddad2"

private func zeros(_ count: Int) -> String { String(repeating: "00", count: count) }

/// The bytes that `hex` spells, two digits each; blanks are for the eye.
private func bytes(_ hex: String) -> [UInt8] {
    let digits = Array(hex.filter { $0 != " " })
    return stride(from: 0, to: digits.count, by: 2).compactMap { UInt8(String(digits[$0..<$0 + 2]), radix: 16) }
}
