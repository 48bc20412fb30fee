import Testing
import Wire

@testable import SWIM

/// What MetalLB's speakers have said to each other is read, and written as they wrote it, to the byte.
@Suite struct CaptureTests {
    @Test(arguments: Capture.Recording.allCases)
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

    @Test(arguments: Capture.Recording.allCases)
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
    @Test(arguments: Capture.Recording.allCases)
    func anInstanceSeesWhatHappens(recording: Capture.Recording) throws {
        let capture = try Capture.load(recording)
        var timing = Timing.lan
        // It asks nobody: there is none that would answer.
        timing.probeInterval = .seconds(3_600)
        var rng = PRNG(seed: 1)
        var instance = Instance(name: "n4", address: .pi(14), timing: timing)
        var story: [String] = []
        func handle(_ event: Event, at time: Duration) {
            for case .report(.changed(let member)) in instance.handle(event, at: .zero.advanced(by: time), using: &rng)
            {
                story.append("\(member.name) \(member.status) \(member.incarnation)")
            }
        }
        handle(.started, at: .zero)
        var events = try capture.datagrams.map { packet in
            (packet.time, Event.received(try capture.codec.decode(packet.bytes[...]).messages, from: packet.source))
        }
        for (id, stream) in capture.streams.enumerated() {
            let messages = try StreamDecoder.read([stream.bytes], capture.codec, stream.direction)
            guard case .pushPull(let state)? = messages[0] else { continue }
            events.append((stream.time, .pushed(state, id: id, from: stream.source)))
        }
        for (time, event) in events.sorted(by: { $0.0 < $1.0 }) { handle(event, at: time) }
        // Who is heard of first differs.
        #expect(Set(story.prefix(3)) == ["n1 alive 1", "n2 alive 1", "n3 alive 1"])
        #expect(story.dropFirst(3) == ["n3 left 1", "n3 alive 2", "n2 suspect 1", "n2 dead 1"])
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
