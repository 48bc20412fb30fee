import Crypto
import Testing

@testable import SWIM

/// The compressed bytes are those of Go's compress/lzw (`LSB`, 8 bits).
@Suite struct LZWTests {
    @Test(arguments: [
        // Two codes of nine bits: 256 begins, 257 ends.
        ("", "000302"),
        ("a", "00c30404"),
        // A sequence that is used while it comes to be.
        ("aaaaaaaaaa", "00c3081c483020"),
        ("TOBEORNOTTOBEORTOBEORNOT", "00a93c1152e48914274fa80824687061c183090302"),
    ])
    func shortTexts(text: String, hex: String) throws {
        #expect(LZW.compress(Array(text.utf8)[...]) == bytes(hex))
        #expect(try LZW.decompress(bytes(hex)[...], limitBytes: 100) == Array(text.utf8))
    }

    /// Around the length at which all codes are used up and the table begins anew; the digest is of what Go gives.
    @Test(arguments: [
        (3_838, 5_242, "c7ab4c95cccbe72d7620704c0147503ec7a458aa744c02b59c4f7f8d36870123"),
        (3_839, 5_243, "7cd2a6643cbf63e062f8f73984190e3e3c43d6439f5f07dc0de119ef2728d11f"),
        (3_840, 5_245, "6ec431aeba9541476ac8502195becc7498f2a4aea7dcfea658796952e51f821a"),
        (3_841, 5_246, "2ecdbb2ffc879b65bc342313752661bbfd66687ae0750b550d6ca93f79bd2f03"),
        (30_000, 40_954, "3b1eb30c3f3bdf2e8e8eafc7628c709ee3ee9d3d55c9237c061750d95694b588"),
    ])
    func textsWithoutAnyOrder(count: Int, compressedCount: Int, digest: String) throws {
        var value: UInt32 = 1
        let text = (0..<count).map { _ in
            value = value &* 1_664_525 &+ 1_013_904_223
            return UInt8(value >> 24)
        }
        let compressed = LZW.compress(text[...])
        #expect(compressed.count == compressedCount)
        #expect(SHA256.digest(compressed) == bytes(digest))
        #expect(try LZW.decompress(compressed[...], limitBytes: count) == text)
    }

    @Test func aLongTextWithRepetitions() throws {
        let text = (0..<200_000).map { UInt8(truncatingIfNeeded: ($0 * $0) >> 7) & 31 }
        let compressed = LZW.compress(text[...])
        #expect(compressed.count == 118_815)
        #expect(
            SHA256.digest(compressed) == bytes("970f3ad1457d780e570fb506c114b8d50ae8877a93d71d56a6c8f14991f2d975"))
        #expect(try LZW.decompress(compressed[...], limitBytes: text.count) == text)
    }

    @Test func whatFollowsTheEndIsIgnored() throws {
        #expect(try LZW.decompress(bytes("00c30404 ffff")[...], limitBytes: 1) == [0x61])
    }

    @Test func whatEndsEarlyIsRefused() {
        let compressed = bytes("00a93c1152e48914274fa80824687061c183090302")
        for count in 0..<compressed.count {
            #expect(throws: SWIMError.malformedCompression) {
                try LZW.decompress(compressed.prefix(count), limitBytes: 100)
            }
        }
    }

    /// Codes of nine bits, the lowest bit first: 256 and 258, where nothing has 258 yet; 256, 97 and 259, where 258
    /// comes next.
    @Test(arguments: ["000502 0000", "00c30c0c08 0000"])
    func aCodeThatMeansNothingIsRefused(hex: String) {
        #expect(throws: SWIMError.malformedCompression) { try LZW.decompress(bytes(hex)[...], limitBytes: 100) }
    }

    @Test func theLimitHolds() throws {
        let text = Array(repeating: UInt8(0), count: 100_000)
        let compressed = LZW.compress(text[...])
        #expect(compressed.count < 1_000)
        #expect(try LZW.decompress(compressed[...], limitBytes: 100_000) == text)
        #expect(throws: SWIMError.tooLarge(limitBytes: 99_999)) {
            try LZW.decompress(compressed[...], limitBytes: 99_999)
        }
    }
}
