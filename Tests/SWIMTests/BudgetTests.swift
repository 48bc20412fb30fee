import Testing

@testable import SWIM

@Suite struct BudgetTests {
    @Test func aBudgetIsSpentToTheLastByte() throws {
        let nonce = Array(repeating: UInt8(0), count: 12)
        let codec = Codec(keyring: Keyring(try Key(Array(repeating: 1, count: 32))), compresses: false)
        for lengths in [[1_366], [600, 700], [100, 200, 300, 400], Array(repeating: 3, count: 200)] {
            var budget = Budget()
            let isRoom = lengths.dropLast().allSatisfy { budget.take(encodedLength: $0) }
            let last = budget.remainingBytes
            let isRoomForMore = budget.take(encodedLength: last + 1)
            let isRoomForLast = budget.take(encodedLength: last)
            #expect(isRoom && !isRoomForMore && isRoomForLast)
            let messages = (lengths.dropLast() + [last]).map { Message.user(Array(repeating: 0, count: $0 - 1)) }
            #expect(try codec.encode(messages, nonce: nonce, hasChecksum: true).count == 1_400)
        }
    }

    @Test func aBudgetCountsTheMessages() {
        var budget = Budget(limitBytes: 10_000)
        let taken = (0..<300).count { _ in budget.take(encodedLength: 1) }
        #expect(taken == 255)
    }
}
