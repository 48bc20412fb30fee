import Testing
import Wire

@testable import BGP

@Suite struct StreamDecoderTests {
    private static func read(_ bytes: [UInt8], pieceBytes: Int) throws -> [Message] {
        var decoder = StreamDecoder()
        var messages: [Message] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            decoder.append(rest.prefix(pieceBytes))
            rest = rest.dropFirst(pieceBytes)
            while let message = try decoder.next(Codec()) { messages.append(message) }
        }
        return messages
    }

    @Test(arguments: [1, 2, 7, 18, 19, 20, 64, 10_000]) func itDoesNotMatterHowBytesAreCut(pieceBytes: Int) throws {
        let vectors = CaptureTests.opens + CaptureTests.updates + CaptureTests.others
        let messages = try Self.read(vectors.flatMap(\.bytes), pieceBytes: pieceBytes)
        #expect(messages == vectors.map(\.message))
    }

    /// Each error of RFC 4271 section 6.1, and what tells the peer; known from the header alone.
    @Test(arguments: [
        ("fffffffffffffffffffffffffffffffe 001304", BGPError.notSynchronized, Notification(code: 1, subcode: 1)),
        ("ffffffffffffffffffffffffffffffff 001204", .badMessageLength(18), .init(code: 1, subcode: 2, data: [0, 18])),
        ("ffffffffffffffffffffffffffffffff 001404", .badMessageLength(20), .init(code: 1, subcode: 2, data: [0, 20])),
        ("ffffffffffffffffffffffffffffffff 001c01", .badMessageLength(28), .init(code: 1, subcode: 2, data: [0, 28])),
        (
            "ffffffffffffffffffffffffffffffff 100101", .badMessageLength(4_097),
            .init(code: 1, subcode: 2, data: [16, 1])
        ),
        ("ffffffffffffffffffffffffffffffff 001602", .badMessageLength(22), .init(code: 1, subcode: 2, data: [0, 22])),
        ("ffffffffffffffffffffffffffffffff 001403", .badMessageLength(20), .init(code: 1, subcode: 2, data: [0, 20])),
        ("ffffffffffffffffffffffffffffffff 001605", .badMessageLength(22), .init(code: 1, subcode: 2, data: [0, 22])),
        ("ffffffffffffffffffffffffffffffff 001306", .badMessageType(6), .init(code: 1, subcode: 3, data: [6])),
        ("ffffffffffffffffffffffffffffffff 001300", .badMessageType(0), .init(code: 1, subcode: 3, data: [0])),
    ])
    func headersThatAreNotAsTheyShouldBe(hex: String, error: BGPError, notification: Notification) {
        #expect(throws: error) { try Self.read(bytes(hex), pieceBytes: 3) }
        #expect(error.notification == notification)
    }

    /// An UPDATE of 65,535 bytes, as RFC 8654 allows.
    @Test func longMessagesAreTaken() throws {
        let count = (Message.maximumExtendedBytes - 23) / 5
        let update = Update(
            withdrawn: (0..<UInt32(count)).compactMap { Prefix(.v4(IPv4Address(rawValue: $0)), length: 32) })
        let bytes = Codec().encode(.update(update))
        #expect(bytes.count == 23 + 5 * count)
        #expect(try Self.read(bytes + bytes, pieceBytes: 1_000) == [.update(update), .update(update)])
    }

    @Test func textsOfAShutdownAreCutBetweenCharacters() {
        let long = Notification.cease(.administrativeShutdown, text: String(repeating: "é", count: 200))
        #expect(long.data.count == 255 && long.data[0] == 254)
        #expect(long.text == String(repeating: "é", count: 127))
        #expect(Notification.cease(.peerDeconfigured, text: "x").data.isEmpty)
        #expect(Notification(code: 6, subcode: 2, data: [4, 0x61, 0x1B, 0x0A, 0x62]).text == "ab")
        #expect(Notification(code: 6, subcode: 2, data: [4, 0x61]).text == nil)
        #expect(Notification(code: 6, subcode: 2, data: [1, 0xFF]).text == nil)
    }
}
