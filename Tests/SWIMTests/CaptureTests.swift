import Testing
import Wire

@testable import SWIM

/// What others' members have said to each other is read, and written as they wrote it, to the byte.
@Suite struct CaptureTests {
    @Test(arguments: Capture.Recording.speakers)
    func datagramsAreReadAndWritten(recording: Capture.Recording) throws {
        let capture = try Capture.load(recording)
        let keyring = try #require(capture.codec.keyring)
        for packet in capture.datagrams {
            let datagram = try capture.codec.decode(packet.bytes[...])
            #expect(datagram.errors.isEmpty)
            let plaintext = try keyring.open(packet.bytes[...], additionalData: [])
            let written = try capture.codec.encode(
                datagram.messages, nonce: Array(packet.bytes[1..<13]), hasChecksum: plaintext.first == 12)
            #expect(written == packet.bytes)
        }
    }

    @Test(arguments: Capture.Recording.speakers)
    func connectionsAreReadAndWritten(recording: Capture.Recording) throws {
        let capture = try Capture.load(recording)
        for stream in capture.streams {
            let whole = try StreamDecoder.read([stream.bytes], capture.codec, stream.direction)
            let message = try #require(whole[0])
            let pieces = try StreamDecoder.read(stream.bytes.map { [$0] }, capture.codec, stream.direction)
            #expect(pieces == Array<StreamMessage?>(repeating: nil, count: stream.bytes.count - 1) + [message])
            let nonce = Array(stream.bytes[6..<18])
            #expect(try capture.codec.encode(message, stream.direction, nonce: nonce) == stream.bytes)
        }
    }

    /// Alertmanagers encrypt nothing, and write bytes that they have not as a text of none, where we write nil.
    @Test func alertmanagersDatagramsAreReadAndWritten() throws {
        let capture = try Capture.load(.alertmanager0250)
        for packet in capture.datagrams {
            let datagram = try capture.codec.decode(packet.bytes[...])
            #expect(datagram.errors.isEmpty)
            let isChecked = packet.bytes.first == MessageType.checksum.rawValue
            let plain = try Self.inflated(packet.bytes.dropFirst(isChecked ? Codec.checksumBytes : 0))
            let written = try Codec(compresses: false).encode(datagram.messages, nonce: [])
            #expect(written == Self.withoutEmptyTexts(plain))
        }
    }

    @Test func alertmanagersConnectionsAreReadAndWritten() throws {
        let capture = try Capture.load(.alertmanager0250)
        for stream in capture.streams {
            let message = try #require(try StreamDecoder.read([stream.bytes], capture.codec, stream.direction)[0])
            let pieces = try StreamDecoder.read(stream.bytes.map { [$0] }, capture.codec, stream.direction)
            #expect(pieces.last == message)
            let written = try Codec(compresses: false).encode(message, stream.direction, nonce: [])
            #expect(written == Self.withoutEmptyTexts(try Self.inflated(stream.bytes[...])))
        }
    }

    /// The message, which is compressed to the same bytes again where it was.
    private static func inflated(_ bytes: ArraySlice<UInt8>) throws -> [UInt8] {
        guard bytes.first == MessageType.compressed.rawValue else { return Array(bytes) }
        let plain = try Compression.decompress(bytes.dropFirst(), limitBytes: Limit.inflatedDatagramBytes)
        #expect(Compression.compress(plain)[...] == bytes)
        return plain
    }

    private static func withoutEmptyTexts(_ bytes: [UInt8]) -> [UInt8] {
        var written = bytes
        for field in ["Meta", "Payload"] {
            let text = [0xA0 | UInt8(field.utf8.count)] + Array(field.utf8) + [0xA0]
            for index in bytes.indices where bytes[index...].starts(with: text) {
                written[index + text.count - 1] = 0xC0
            }
        }
        return written
    }

    /// All kinds are there, and as many of each as another decoder has counted.
    @Test(
        arguments: [
            (
                .metalLB0103,
                ["ping": 83, "indirectPing": 5, "ack": 73, "nack": 5, "suspect": 11, "alive": 60, "dead": 20],
                10
            ),
            (
                .metalLB0161,
                ["ping": 82, "indirectPing": 4, "ack": 74, "nack": 4, "suspect": 11, "alive": 60, "dead": 19],
                8
            ),
            (
                .alertmanager0250,
                [
                    "ping": 53, "indirectPing": 5, "ack": 43, "nack": 5, "suspect": 12, "alive": 56, "dead": 24,
                    "user": 9,
                ],
                14
            ),
        ] as [(Capture.Recording, [String: Int], Int)])
    func everyKindIsThere(recording: Capture.Recording, kinds: [String: Int], states: Int) throws {
        let capture = try Capture.load(recording)
        let messages = try capture.datagrams.flatMap { try capture.codec.decode($0.bytes[...]).messages }
        let counts = Dictionary(messages.map { ($0.kind, 1) }, uniquingKeysWith: +)
        #expect(counts == kinds)
        #expect(capture.streams.count == states)
    }

    /// The one has a key of 16 bytes and the other one of 32, of the same secret.
    @Test func theKeyOfTheOtherVersionOpensNothing() throws {
        let (old, new) = (try Capture.load(.metalLB0103), try Capture.load(.metalLB0161))
        for (capture, codec) in [(old, new.codec), (new, old.codec)] {
            for packet in capture.datagrams {
                #expect(throws: SWIMError.notDecryptable) { try codec.decode(packet.bytes[...]) }
            }
            for stream in capture.streams {
                #expect(throws: SWIMError.notDecryptable) {
                    try StreamDecoder.read([stream.bytes], codec, stream.direction)
                }
            }
        }
    }

    /// A fourth member that hears it all, and is asked nothing, sees what happens: all join, n3 leaves and comes back,
    /// n2 dies.
    @Test(arguments: Capture.Recording.speakers)
    func anInstanceSeesWhatHappens(recording: Capture.Recording) throws {
        let story = try Self.replay(try Capture.load(recording)).changes
        // Who is heard of first differs.
        #expect(Set(story.prefix(3)) == ["n1 alive 1", "n2 alive 1", "n3 alive 1"])
        #expect(story.dropFirst(3) == ["n3 left 1", "n3 alive 2", "n2 suspect 1", "n2 dead 1"])
    }

    /// Three Alertmanagers, of which the third leaves and comes back under another name, the second dies, and the first leaves.
    @Test func anInstanceSeesWhatAlertmanagersDo() throws {
        let capture = try Capture.load(.alertmanager0250)
        let story = try Self.replay(capture).changes
        let names = [
            "01M89N9S1NPZX9X6BCQA4Q3VJN", "01M89N9T0TSF54VVYHW9Q2W6GK", "01M89N9V03M2421FNZ9VB8AY9K",
            "01M89NA31405NW2HDP8SHW9PF4",
        ]
        #expect(Set(story.prefix(3)) == Set(names.prefix(3).map { "\($0) alive 1" }))
        let rest = [(2, "left"), (3, "alive"), (1, "suspect"), (1, "dead"), (0, "left")]
        #expect(story.dropFirst(3) == rest.map { "\(names[$0]) \($1) 1" }[...])
    }

    /// What Alertmanagers tell each other about silences (protocol buffers: one that is made, all that there are) goes through
    /// byte by byte, the one message of nine datagrams once.
    @Test func whatIsNotOursGoesThroughAsItIs() throws {
        let heard = try Self.replay(try Capture.load(.alertmanager0250))
        let silence = bytes(
            "0a0373696c 1261 600a560a24 39303463383935622d373162612d346433372d623334332d386661623963363234333638"
                + "1206 120161 1a0162 1a0b 08bafe9bd80610a0acd47f 2206 0880b19de706 2a0b 08bafe9bd80610a0acd47f"
                + "420178 4a0179 1206 0880e0b7e706")
        #expect(heard.told == [silence])
        let (log, silences) = (bytes("0a050a036e666c"), bytes("0a050a0373696c"))
        #expect(heard.states.prefix(6) == Array(repeating: log + silences, count: 6)[...])
        let one = bytes("0a68") + silence
        // In either order.
        #expect(Set(heard.states.dropFirst(6)) == [log + one, one + log])
    }

    /// What an Instance reports that hears all of a recording.
    private static func replay(_ capture: Capture) throws -> (changes: [String], told: [[UInt8]], states: [[UInt8]]) {
        var timing = Timing.lan
        // It asks nobody: there is none that would answer.
        timing.probeInterval = .seconds(3_600)
        var rng = PRNG(seed: 1)
        var instance = Instance(name: "n4", address: .pi(14), timing: timing)
        var events = [(Duration.zero, Event.started)]
        events += try capture.datagrams.map { packet in
            (packet.time, Event.received(try capture.codec.decode(packet.bytes[...]).messages, from: packet.source))
        }
        for (id, stream) in capture.streams.enumerated() {
            let messages = try StreamDecoder.read([stream.bytes], capture.codec, stream.direction)
            guard case .pushPull(let state)? = messages[0] else { continue }
            events.append((stream.time, .pushed(state, id: id, from: stream.source)))
        }
        var heard: (changes: [String], told: [[UInt8]], states: [[UInt8]]) = ([], [], [])
        for (time, event) in events.sorted(by: { $0.0 < $1.0 }) {
            for case .report(let report) in instance.handle(event, at: .zero.advanced(by: time), using: &rng) {
                switch report {
                case .changed(let member): heard.changes.append("\(member.name) \(member.status) \(member.incarnation)")
                case .told(let bytes): heard.told.append(bytes)
                case .merged(let state, isJoin: _): heard.states.append(state)
                case .forgotten, .nameTaken, .stretched, .late, .hasLeft: break
                }
            }
        }
        return heard
    }
}

extension Message {
    fileprivate var kind: String {
        switch self {
        case .ping: "ping"
        case .indirectPing: "indirectPing"
        case .ack: "ack"
        case .nack: "nack"
        case .suspect: "suspect"
        case .alive: "alive"
        case .dead: "dead"
        case .user: "user"
        }
    }
}
